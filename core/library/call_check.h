/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LIBRARY_CALL_CHECK_H
#define CORE_LIBRARY_CALL_CHECK_H

#include <lwcred/call.h>

#include "base/error.h"

/*
 * Checks a call before anything is done for it: method, path, headers and bodies as
 * struct lwc_call says.  LWC_E_INVALID never quotes a path or the value of a header, which can hold
 * secrets.
 */
enum lwc_code lwc_call_check(const struct lwc_call *call, struct lwc_error *err) LWC_RESULT;

#endif
