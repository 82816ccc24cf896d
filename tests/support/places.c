/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const struct places_kind places_kinds[PLACES_COUNT] = {
    {&lwc_place_runtime, "XDG_RUNTIME_DIR", "run"},
    {&lwc_place_sealed, "XDG_CACHE_HOME", "cache"},
};

static char usual[TMPDIR_PATH_LEN];

const char *places_map(const char *name)
{
    return strncmp(name, "/run/user/", strlen("/run/user/")) == 0 ? usual : name;
}

int places_setup(void **state)
{
    char path[TMPDIR_PATH_LEN];

    if (tmpdir_setup(state) != 0) {
        return -1;
    }
    for (size_t i = 0; i < PLACES_COUNT; i++) {
        tmpdir_mkdir(*state, places_kinds[i].parent, 0700);
        (void)setenv(places_kinds[i].variable, tmpdir_join(*state, places_kinds[i].parent, path),
                     1);
    }
    tmpdir_join(*state, "usual", usual);
    (void)setenv("HOME", ((struct tmpdir *)*state)->path, 1);
    return 0;
}

enum lwc_code places_read(const struct lwc_place *place, struct lwc_error *err)
{
    LWC_AUTO_BUF bytes = NULL;
    enum lwc_code code = LWC_OK;

    assert_int_equal(lwc_buf_copy("old", 3, &bytes, NULL), LWC_OK);
    code = place->read(PLACES_NAME, bytes, err);
    if (code == LWC_OK) {
        assert_string_equal(lwc_buf_text(bytes), "text");
    } else {
        assert_int_equal(lwc_buf_len(bytes), 0);
    }
    return code;
}

enum lwc_code places_write(const struct lwc_place *place, struct lwc_error *err)
{
    return place->write(PLACES_NAME, "text", 4, PLACES_LIFE_S, err);
}

void places_assert_miss(enum lwc_code code)
{
    assert_true(code == LWC_E_NOT_FOUND || code == LWC_E_UNAVAILABLE);
}

char *places_below(const struct tmpdir *dir, size_t i, const char *name,
                   char path_out[TMPDIR_PATH_LEN])
{
    char relative[TMPDIR_PATH_LEN];

    (void)snprintf(relative, sizeof relative, "%s/%s", places_kinds[i].parent, name);
    return tmpdir_join(dir, relative, path_out);
}
