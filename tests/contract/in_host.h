/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_CONTRACT_IN_HOST_H
#define TESTS_CONTRACT_IN_HOST_H

#include <lwcred/backend.h>

/* Makes the functions of @backend run in a backend host each time it is opened. */
void in_host_wrap(struct lwc_backend *backend);

#endif
