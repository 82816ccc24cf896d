/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_CONF_FILE_H
#define CORE_CONF_FILE_H

#include "base/error.h"
#include "conf/conf.h"

/* Stack files in the file system. */

/*
 * Finds and parses the stack of @service: @config if given, else the first of SERVICE and then
 * "default" in $XDG_CONFIG_HOME/lwcred/stack.d and the system's stack.d, else the built-in
 * stack.  Refuses a file that other users can write: LWC_E_UNSAFE.
 */
enum lwc_code lwc_conf_load(const char *service, const char *config, struct lwc_conf **conf_out,
                            struct lwc_error *err) LWC_RESULT;

/* As lwc_conf_load(); @fault receives every fault. */
enum lwc_code lwc_conf_check(const char *service, const char *config, lwc_conf_fault_fn *fault,
                             void *data, struct lwc_conf **conf_out, struct lwc_error *err)
    LWC_RESULT;

#endif
