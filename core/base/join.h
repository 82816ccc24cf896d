/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BASE_JOIN_H
#define CORE_BASE_JOIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Text put together from parts, for what each start of the program needs: printf()'s code lies in
 * 128 KiB of libc that would be mapped for this alone, and keeps copies of what it writes on the
 * stack.  @parts ends in NULL.
 */

/* The parts, for the functions below: LWC_PARTS("/run/user/", number). */
#define LWC_PARTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Writes the parts into @out, cut to fit @cap, which is not 0; @out ends in NUL.  Returns @out. */
char *lwc_join(char *out, size_t cap, const char *const *parts);

/* Returns the parts as a text of its own, to be freed; NULL without memory. */
char *lwc_join_new(const char *const *parts);

/* Appends the parts to @out, which may hold secrets.  On failure @out is as before. */
enum lwc_code lwc_join_append(struct lwc_buf *out, const char *const *parts, struct lwc_error *err)
    LWC_RESULT;

/* Writes @number in decimal digits into @out.  Returns where it begins there. */
#define LWC_DECIMAL_LEN 21
const char *lwc_decimal(int64_t number, char out[LWC_DECIMAL_LEN]);

#endif
