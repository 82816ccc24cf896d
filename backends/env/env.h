/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKENDS_ENV_ENV_H
#define BACKENDS_ENV_ENV_H

#include <lwcred/backend.h>

/* Credentials in LW_* variables, in files that they name, and in systemd's directory. */
extern const struct lwc_backend lwc_env_backend;

#endif
