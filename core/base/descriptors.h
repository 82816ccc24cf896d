/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_DESCRIPTORS_H
#define CORE_BASE_DESCRIPTORS_H

#include <stdbool.h>

/*
 * Has this process, or the system, no descriptors left for as much as a connection?  Libraries that
 * fail for it do not tell, and it is no failure of what they tried to reach.  Any thread.
 */
bool lwc_descriptors_lack(void);

#endif
