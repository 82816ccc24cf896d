/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"

static struct lwc_buf *taken[LWC_ARENA_SLOTS];

void arena_fill(void)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(taken); i++) {
        assert_int_equal(lwc_buf_new(1, &taken[i], NULL), LWC_OK);
    }
}

void arena_drain(void)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(taken); i++) {
        lwc_buf_free(&taken[i]);
    }
}
