/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/safefile.h"
#include "base/util.h"
#include "tests/support/store_fixture.h"

static const char *host_setting(void *data, const char *name)
{
    struct store_fixture *fixture = data;

    for (size_t i = 0; i < STORE_FIXTURE_SETTINGS && fixture->settings[i][0] != NULL; i++) {
        if (strcmp(fixture->settings[i][0], name) == 0) {
            return fixture->settings[i][1];
        }
    }
    return NULL;
}

static void host_log(void *data, enum lwc_log_level level, const char *text)
{
    struct store_fixture *fixture = data;
    size_t used = strlen(fixture->log);

    fixture->warnings += level == LWC_LOG_WARNING;
    (void)snprintf(fixture->log + used, sizeof fixture->log - used, "%s\n", text);
}

static enum lwc_code host_prompt(void *data, const char *text, uint32_t flags,
                                 const struct lwc_sink *answer, struct lwc_error *err)
{
    struct store_fixture *fixture = data;
    const char *typed =
        fixture->asked < LWC_ARRAY_LEN(fixture->answers) ? fixture->answers[fixture->asked] : NULL;

    (void)snprintf(fixture->question, sizeof fixture->question, "%s", text);
    fixture->flags = flags;
    fixture->asked++;
    if (typed == NULL) {
        return lwc_fail(err, LWC_E_LOCKED, "declined");
    }
    return answer->put(answer->data, NULL, typed, strlen(typed), err);
}

static void host_depends(void *data, const char *path)
{
    (void)data;
    (void)path;
}

static void host_asking(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static int64_t host_remaining_ms(void *data)
{
    struct store_fixture *fixture = data;

    return fixture->remaining_ms;
}

int store_fixture_setup(void **state)
{
    struct store_fixture *fixture = calloc(1, sizeof *fixture);
    void *dir = NULL;

    if (fixture == NULL || tmpdir_setup(&dir) != 0) {
        free(fixture);
        return -1;
    }
    fixture->dir = *(struct tmpdir *)dir;
    fixture->host = (struct lwc_host){
        .abi = LWC_BACKEND_ABI,
        .size = sizeof fixture->host,
        .data = fixture,
        .log = host_log,
        .prompt = host_prompt,
        .setting = host_setting,
        .remaining_ms = host_remaining_ms,
        .depends = host_depends,
        .asking = host_asking,
    };
    fixture->remaining_ms = 60000;
    fixture->cost = (struct lwc_format_cost){.passes = 1, .memory_kib = LWC_FORMAT_MEMORY_KIB_MIN};
    tmpdir_join(&fixture->dir, "keys.lwc", fixture->path);
    tmpdir_join(&fixture->dir, "store.key", fixture->key_path);
    store_fixture_set(fixture, "HOME", fixture->dir.path);
    store_fixture_random_reset();
    free(dir);
    *state = fixture;
    return 0;
}

int store_fixture_teardown(void **state)
{
    struct store_fixture *fixture = *state;
    struct tmpdir *copy = malloc(sizeof *copy);
    void *dir = copy;

    if (copy == NULL) {
        return -1;
    }
    *copy = fixture->dir;
    free(fixture);
    return tmpdir_teardown(&dir);
}

void store_fixture_set(struct store_fixture *fixture, const char *name, const char *value)
{
    size_t i = 0;

    while (fixture->settings[i][0] != NULL && strcmp(fixture->settings[i][0], name) != 0) {
        i++;
    }
    assert_true(i + 1 < STORE_FIXTURE_SETTINGS);
    fixture->settings[i][0] = name;
    fixture->settings[i][1] = value;
}

void store_fixture_unset(struct store_fixture *fixture, const char *name)
{
    store_fixture_set(fixture, name, NULL);
}

void store_fixture_use_key_file(struct store_fixture *fixture)
{
    size_t len = 0;
    LWC_AUTO_FREE uint8_t *bytes = store_fixture_read_data("store.key", &len);

    store_fixture_write(fixture->key_path, bytes, len);
    store_fixture_set(fixture, "LWCRED_KEY_FILE", fixture->key_path);
}

void store_fixture_use_passphrase(struct store_fixture *fixture, const char *passphrase)
{
    static char path[TMPDIR_PATH_LEN];
    char line[5000];

    (void)snprintf(line, sizeof line, "%s\n", passphrase);
    tmpdir_write(&fixture->dir, "passphrase", line, strlen(line), 0600);
    store_fixture_set(fixture, "LWCRED_PASSPHRASE_FILE",
                      tmpdir_join(&fixture->dir, "passphrase", path));
}

void store_fixture_use_vector(struct store_fixture *fixture, const char *name)
{
    size_t len = 0;
    LWC_AUTO_FREE uint8_t *bytes = store_fixture_read_data(name, &len);

    store_fixture_write(fixture->path, bytes, len);
}

struct lwc_store *store_fixture_store(struct store_fixture *fixture)
{
    const struct lwc_store_options options = {
        .host = &fixture->host,
        .path = fixture->path,
        .cost = fixture->cost,
        .clock = store_fixture_clock(),
        .random = store_fixture_random,
    };
    struct lwc_store *store = NULL;

    assert_int_equal(lwc_store_new(&options, &store, NULL), LWC_OK);
    return store;
}

static uint64_t random_state;

void store_fixture_random_reset(void)
{
    random_state = 1;
}

/* Knuth's linear congruential generator: known, and not random at all. */
void store_fixture_random(void *bytes, size_t len)
{
    uint8_t *at = bytes;

    for (size_t i = 0; i < len; i++) {
        random_state = random_state * 6364136223846793005u + 1442695040888963407u;
        at[i] = (uint8_t)(random_state >> 56);
    }
}

static int64_t fixed_s(void *data)
{
    (void)data;
    return STORE_FIXTURE_NOW;
}

const struct lwc_clock *store_fixture_clock(void)
{
    static const struct lwc_clock clock = {.wall_s = fixed_s, .boot_ms = fixed_s};

    return &clock;
}

struct lwc_identity store_fixture_identity(const char *profile, char key_id_out[LWC_KEY_ID_MAX + 1])
{
    (void)snprintf(key_id_out, LWC_KEY_ID_MAX + 1, "ACME_%s", profile);
    return (struct lwc_identity){
        .profile = profile,
        .account = "acme.lacework.net",
        .origin = "",
        .key_id = key_id_out,
        .sub_account = "",
        .kind = LWC_KIND_ACCESS_KEY,
    };
}

enum lwc_code store_fixture_put(struct lwc_store *store, const char *profile, const char *secret,
                                struct lwc_error *err)
{
    char key_id[LWC_KEY_ID_MAX + 1];
    const struct lwc_identity id = store_fixture_identity(profile, key_id);

    return lwc_store_put(store, &id, secret, strlen(secret), 0, err);
}

enum lwc_code store_fixture_find(struct lwc_store *store, const char *profile, char secret_out[256],
                                 struct lwc_error *err)
{
    LWC_AUTO_BUF secret = NULL;
    struct lwc_identity query = LWC_IDENTITY_ANY;
    struct lwc_sink sink = {0};
    enum lwc_code code = LWC_OK;

    query.profile = profile;
    lwc_buf_sink(&secret, &sink);
    code = lwc_store_find(store, &query, &sink, err);
    if (code == LWC_OK) {
        (void)snprintf(secret_out, 256, "%s", lwc_buf_text(secret));
    }
    return code;
}

static enum lwc_code visit(void *data, const struct lwc_identity *identity, struct lwc_error *err)
{
    char *names = data;
    size_t used = strlen(names);

    (void)err;
    (void)snprintf(names + used, 1024 - used, "%s%s", used > 0 ? " " : "", identity->profile);
    return LWC_OK;
}

enum lwc_code store_fixture_list(struct lwc_store *store, char names_out[1024],
                                 struct lwc_error *err)
{
    const struct lwc_visitor visitor = {.data = names_out, .visit = visit};

    names_out[0] = '\0';
    return lwc_store_list(store, &visitor, err);
}

uint8_t *store_fixture_read(const char *path, size_t *len_out)
{
    FILE *file = fopen(path, "rbe");
    uint8_t *bytes = malloc(LWC_FORMAT_FILE_MAX + 1);

    if (file == NULL || bytes == NULL) {
        fail_msg("cannot read %s", path);
    }
    *len_out = fread(bytes, 1, LWC_FORMAT_FILE_MAX + 1, file);
    (void)fclose(file);
    return bytes;
}

uint8_t *store_fixture_read_data(const char *name, size_t *len_out)
{
    char path[TMPDIR_PATH_LEN];

    (void)snprintf(path, sizeof path, "tests/data/%s", name);
    return store_fixture_read(path, len_out);
}

void store_fixture_write(const char *path, const uint8_t *bytes, size_t len)
{
    LWC_AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(lwc_fd_write(fd, bytes, len, NULL), LWC_OK);
}

void store_fixture_fix_digest(uint8_t *bytes, size_t len)
{
    uint8_t both[2 * LWC_FORMAT_DIGEST_LEN];
    uint8_t *mac = bytes + len - LWC_FORMAT_TRAILER_LEN;

    assert_true(len >= LWC_FORMAT_TRAILER_LEN);
    crypto_generichash(both, LWC_FORMAT_DIGEST_LEN, bytes, len - LWC_FORMAT_TRAILER_LEN, NULL, 0);
    memcpy(both + LWC_FORMAT_DIGEST_LEN, mac, LWC_FORMAT_DIGEST_LEN);
    crypto_generichash(mac + LWC_FORMAT_DIGEST_LEN, LWC_FORMAT_DIGEST_LEN, both, sizeof both, NULL,
                       0);
}
