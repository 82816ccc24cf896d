/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLUGINS_AGENT_PUSH_H
#define PLUGINS_AGENT_PUSH_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Runs @command by sh(1) with @token and a newline on its standard input, and waits for its end.
 * The token is neither in its arguments nor in its environment, which holds no credential of the API
 * and no way to the store's passphrase either.  Its standard output goes to
 * standard error.
 *
 * @mask  umask of the command.
 * Returns LWC_OK; LWC_E_FAILED if it ended with another status than 0, or by a signal; LWC_E_IO.
 */
enum lwc_code lwc_agent_push(const char *command, const char *token, size_t len, mode_t mask,
                             struct lwc_error *err) LWC_RESULT;

#endif
