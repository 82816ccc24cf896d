/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_HELPER_CURE_H
#define PLUGINS_HELPER_CURE_H

#include <stddef.h>

/*
 * Writes @hint to @out with the program's commands and options for a hint of the library
 * (base/hints.h) at its beginning; any other hint unchanged.  Cuts to fit @cap.  Returns @out.
 */
const char *lwc_cure_name(const char *hint, char *out, size_t cap);

#endif
