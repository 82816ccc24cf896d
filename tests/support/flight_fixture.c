/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/flight_fixture.h"

#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"

static const struct tmpdir *root;
static char ours[64];
static char runtime[64]; /* the system's */

int flight_fixture_setup_empty(void **state)
{
    (void)snprintf(ours, sizeof ours, "shm/lwcred-%u", geteuid());
    (void)snprintf(runtime, sizeof runtime, "/run/user/%u", geteuid());
    if (tmpdir_setup(state) != 0) {
        return -1;
    }
    root = *state;
    return 0;
}

int flight_fixture_setup(void **state)
{
    if (flight_fixture_setup_empty(state) != 0) {
        return -1;
    }
    tmpdir_mkdir(root, "shm", 01777);
    return 0;
}

const char *flight_fixture_map(const char *name)
{
    static char mapped[TMPDIR_PATH_LEN];

    if (lwc_streq(name, runtime)) {
        return tmpdir_join(root, "run", mapped);
    }
    return lwc_streq(name, "/dev/shm") ? tmpdir_join(root, "shm", mapped) : name;
}

int flight_fixture_fstatfs(int result, struct statfs *fs)
{
    fs->f_type = TMPFS_MAGIC;
    return result;
}

const char *flight_fixture_ours(void)
{
    return ours;
}

void flight_fixture_slot(int slot, char name_out[FLIGHT_FIXTURE_NAME_LEN])
{
    (void)snprintf(name_out, FLIGHT_FIXTURE_NAME_LEN, "%s/" FLIGHT_FIXTURE_NAME ".%d", ours, slot);
}

bool flight_fixture_slot_is_there(int slot)
{
    char name[FLIGHT_FIXTURE_NAME_LEN];
    char path[TMPDIR_PATH_LEN];

    flight_fixture_slot(slot, name);
    return access(tmpdir_join(root, name, path), F_OK) == 0;
}

size_t flight_fixture_count(void)
{
    return tmpdir_count(root, ours);
}

enum lwc_code flight_fixture_try(int64_t wait_ms, struct lwc_flight **flight_out,
                                 struct lwc_error *err)
{
    const struct lwc_flight_times times = {
        .stay_ms = FLIGHT_FIXTURE_STAY_MS, .wait_ms = wait_ms, .asked_ms = wait_ms};

    return lwc_flight_enter(FLIGHT_FIXTURE_NAME, &times, flight_out, err);
}

struct lwc_flight *flight_fixture_enter(int64_t wait_ms)
{
    struct lwc_flight *flight = NULL;
    struct lwc_error err = {0};
    enum lwc_code code = flight_fixture_try(wait_ms, &flight, &err);

    if (code != LWC_OK) {
        print_error("%s\n", err.msg);
    }
    assert_int_equal(code, LWC_OK);
    assert_true(lwc_flight_has_lock(flight));
    return flight;
}
