/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes; numbers are big-endian, signed ones in two's complement.  A text is its length (2
 * bytes) and its bytes without NUL.
 *
 *      0   8  magic "LWCENTRY"
 *      8   2  version, 2
 *     10   2  kind: 1 token, 2 answer
 *     12   4  kind of the credential
 *     16   4  flags of the credential
 *     20   8  lifetime, s           1 to 86400; of an answer also 0: it ends with its token
 *     28   8  requested lifetime, s likewise
 *     36   8  sent, ms              not negative, on the boot clock
 *     44   8  sent, s               not negative, on the wall clock
 *     52   .  texts: boot id, profile, account, origin, key id, sub-account, source, target, scope,
 *             token
 *      .   2  number of files, at most 8
 *      .   .  files: path (a text), device, inode, size, mtime, ctime (8 each)
 *      .   2  number of settings, at most 32
 *      .   .  settings: name (a text), hash (32)
 *
 * MUST:
 *  1. Every length is checked against the bytes left and against the size of the member, before it
 *     is used; no bytes may follow the end.
 *  2. Decoded entries are checked by the same rules as entries to encode, and encode to the same
 *     bytes again.
 *  3. A failure names the member, never its value.
 */
#include "cache/entry.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/text.h"

#define MAGIC "LWCENTRY"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define VERSION 2
#define TARGET_LEN (LWC_HASH_HEX_LEN - 1)

static const struct text_member {
    const char *name;
    size_t offset;
    size_t max;
} texts[] = {
    {"boot id", offsetof(struct lwc_entry, boot_id), LWC_BOOT_ID_LEN},
    {"profile", offsetof(struct lwc_entry, identity.profile), LWC_PROFILE_MAX},
    {"account", offsetof(struct lwc_entry, identity.account), LWC_ACCOUNT_MAX},
    {"origin", offsetof(struct lwc_entry, identity.origin), LWC_ORIGIN_MAX},
    {"key id", offsetof(struct lwc_entry, identity.key_id), LWC_KEY_ID_MAX},
    {"sub-account", offsetof(struct lwc_entry, identity.sub_account), LWC_SUB_ACCOUNT_MAX},
    {"source", offsetof(struct lwc_entry, source), LWC_BACKEND_NAME_MAX},
    {"target", offsetof(struct lwc_entry, target), TARGET_LEN},
    {"scope", offsetof(struct lwc_entry, scope), TARGET_LEN},
};

static const struct number_member {
    const char *name;
    size_t offset;
    int64_t min;
    int64_t max;
} numbers[] = {
    {"lifetime", offsetof(struct lwc_entry, lifetime_s), 1, LWC_TTL_MAX},
    {"lifetime asked for", offsetof(struct lwc_entry, ttl_s), 1, LWC_TTL_MAX},
    {"time sent", offsetof(struct lwc_entry, sent_boot_ms), 0, INT64_MAX},
    {"wall clock", offsetof(struct lwc_entry, sent_wall_s), 0, INT64_MAX},
};

static_assert(MAGIC_LEN + 2 + 2 + 4 + 4 + 4 * 8 + 10 * 2 + LWC_BOOT_ID_LEN + LWC_PROFILE_MAX +
                      LWC_ACCOUNT_MAX + LWC_ORIGIN_MAX + LWC_KEY_ID_MAX + LWC_SUB_ACCOUNT_MAX +
                      LWC_BACKEND_NAME_MAX + 2 * TARGET_LEN + LWC_TOKEN_MAX + 2 +
                      LWC_DEPENDENCIES_MAX * (2 + LWC_DEPENDENCY_PATH_MAX + 5 * 8) + 2 +
                      LWC_VARIABLES_MAX * (2 + LWC_VARIABLE_NAME_MAX + LWC_HASH_LEN) <=
                  LWC_ENTRY_MAX,
              "the largest entry fits");

void lwc_entry_free(struct lwc_entry **entry)
{
    if (entry != NULL && *entry != NULL) {
        lwc_buf_free(&(*entry)->text);
        lwc_dependencies_clear(&(*entry)->dependencies);
        lwc_wiping_free(*entry);
        *entry = NULL;
    }
}

/* The checks of an entry: each returns the name of the wrong member, or NULL. */

static bool is_made_of(const char *text, const char *alphabet)
{
    return text[lwc_text_span(text, alphabet)] == '\0';
}

static const char *find_text_flaw(const struct lwc_entry *entry)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(texts); i++) {
        const char *text = (const char *)entry + texts[i].offset;

        if (strnlen(text, texts[i].max + 1) > texts[i].max) {
            return texts[i].name;
        }
    }
    if (strlen(entry->boot_id) != LWC_BOOT_ID_LEN ||
        !is_made_of(entry->boot_id, "0123456789abcdef-")) {
        return "boot id";
    }
    if (!lwc_backend_name_is_valid(entry->source, strlen(entry->source))) {
        return "source";
    }
    return NULL;
}

static const char *find_number_flaw(const struct lwc_entry *entry)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(numbers); i++) {
        int64_t min = entry->kind == LWC_ENTRY_TOKEN ? numbers[i].min : 0;
        int64_t number = 0;

        memcpy(&number, (const char *)entry + numbers[i].offset, sizeof number);
        if (number < min || number > numbers[i].max) {
            return numbers[i].name;
        }
    }
    return NULL;
}

static const char *find_token_flaw(const struct lwc_entry *entry)
{
    if (entry->text == NULL || lwc_buf_len(entry->text) > LWC_TOKEN_MAX ||
        !lwc_text_is_b64token(lwc_buf_text(entry->text), lwc_buf_len(entry->text))) {
        return "token";
    }
    if (entry->target[0] != '\0') {
        return "target";
    }
    if (entry->scope[0] != '\0') {
        return "scope";
    }
    if (entry->dependencies.count != 0) {
        return "files";
    }
    return entry->dependencies.variable_count != 0 ? "settings" : NULL;
}

static bool is_hash(const char *text)
{
    return strlen(text) == TARGET_LEN && is_made_of(text, "0123456789abcdef");
}

static const char *find_variable_flaw(const struct lwc_dependencies *dependencies)
{
    if (dependencies->variable_count > LWC_VARIABLES_MAX) {
        return "settings";
    }
    for (size_t i = 0; i < dependencies->variable_count; i++) {
        size_t len = strnlen(dependencies->variable[i].name, LWC_VARIABLE_NAME_MAX + 1);

        if (len == 0 || len > LWC_VARIABLE_NAME_MAX) {
            return "name of a setting";
        }
    }
    return NULL;
}

static const char *find_answer_flaw(const struct lwc_entry *entry)
{
    const struct lwc_dependencies *dependencies = &entry->dependencies;

    if (entry->text != NULL) {
        return "token";
    }
    if (!is_hash(entry->target)) {
        return "target";
    }
    if (!is_hash(entry->scope)) {
        return "scope";
    }
    if (!dependencies->is_complete || dependencies->count > LWC_DEPENDENCIES_MAX) {
        return "files";
    }
    for (size_t i = 0; i < dependencies->count; i++) {
        const char *path = dependencies->file[i].path;

        if (path[0] != '/' ||
            strnlen(path, LWC_DEPENDENCY_PATH_MAX + 1) > LWC_DEPENDENCY_PATH_MAX) {
            return "path of a file";
        }
        if (dependencies->file[i].size < 0) {
            return "size of a file";
        }
    }
    return find_variable_flaw(dependencies);
}

/* Returns the identity by its buffers, which are written and read. */
static struct lwc_identity get_identity(const struct lwc_entry *entry)
{
    const struct lwc_identity_copy *copy = &entry->identity;

    return (struct lwc_identity){
        .profile = copy->profile,
        .account = copy->account,
        .origin = copy->origin,
        .key_id = copy->key_id,
        .sub_account = copy->sub_account,
        .kind = copy->id.kind,
        .flags = copy->id.flags,
    };
}

static const char *find_flaw(const struct lwc_entry *entry)
{
    const char *flaw = find_text_flaw(entry);
    struct lwc_identity id = get_identity(entry);

    if (flaw == NULL && lwc_identity_check(&id, NULL) != LWC_OK) {
        flaw = "identity";
    }
    if (flaw == NULL) {
        flaw = find_number_flaw(entry);
    }
    if (flaw != NULL) {
        return flaw;
    }
    switch (entry->kind) {
    case LWC_ENTRY_TOKEN:
        return find_token_flaw(entry);
    case LWC_ENTRY_ANSWER:
        return find_answer_flaw(entry);
    }
    return "kind";
}

/* A sink for bytes; code is the first failure, after which nothing is written. */
struct writer {
    struct lwc_buf *out;
    enum lwc_code code;
    struct lwc_error *err;
};

static void put_bytes(struct writer *writer, const void *bytes, size_t len)
{
    if (writer->code == LWC_OK) {
        writer->code = lwc_buf_append(writer->out, bytes, len, writer->err);
    }
}

static void put_number(struct writer *writer, uint64_t number, size_t len)
{
    uint8_t bytes[8];

    lwc_bytes_put(bytes, len, number);
    put_bytes(writer, bytes, len);
}

static void put_text(struct writer *writer, const char *text, size_t len)
{
    put_number(writer, len, 2);
    put_bytes(writer, text, len);
}

static void put_dependency(struct writer *writer, const struct lwc_dependency *dependency)
{
    put_text(writer, dependency->path, strlen(dependency->path));
    put_number(writer, dependency->dev, 8);
    put_number(writer, dependency->ino, 8);
    put_number(writer, (uint64_t)dependency->size, 8);
    put_number(writer, (uint64_t)dependency->mtime_ns, 8);
    put_number(writer, (uint64_t)dependency->ctime_ns, 8);
}

static void put_dependencies(struct writer *writer, const struct lwc_dependencies *dependencies)
{
    put_number(writer, dependencies->count, 2);
    for (size_t i = 0; i < dependencies->count; i++) {
        put_dependency(writer, &dependencies->file[i]);
    }
    put_number(writer, dependencies->variable_count, 2);
    for (size_t i = 0; i < dependencies->variable_count; i++) {
        put_text(writer, dependencies->variable[i].name, strlen(dependencies->variable[i].name));
        put_bytes(writer, dependencies->variable[i].hash, LWC_HASH_LEN);
    }
}

static void put_members(struct writer *writer, const struct lwc_entry *entry)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(numbers); i++) {
        int64_t number = 0;

        memcpy(&number, (const char *)entry + numbers[i].offset, sizeof number);
        put_number(writer, (uint64_t)number, 8);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(texts); i++) {
        const char *text = (const char *)entry + texts[i].offset;

        put_text(writer, text, strlen(text));
    }
}

enum lwc_code lwc_entry_encode(const struct lwc_entry *entry, struct lwc_buf *out,
                               struct lwc_error *err)
{
    struct writer writer = {.out = out, .code = LWC_OK, .err = err};
    const char *flaw = find_flaw(entry);

    lwc_buf_reset(out);
    if (flaw != NULL) {
        return lwc_fail(err, LWC_E_INVALID, "cache entry: %s cannot be kept", flaw);
    }
    put_bytes(&writer, MAGIC, MAGIC_LEN);
    put_number(&writer, VERSION, 2);
    put_number(&writer, entry->kind, 2);
    put_number(&writer, entry->identity.id.kind, 4);
    put_number(&writer, entry->identity.id.flags, 4);
    put_members(&writer, entry);
    if (entry->text != NULL) {
        put_text(&writer, lwc_buf_text(entry->text), lwc_buf_len(entry->text));
    } else {
        put_text(&writer, "", 0);
    }
    put_dependencies(&writer, &entry->dependencies);
    return writer.code;
}

/* Bytes still to be read; flaw names the first wrong member, after which all reads fail. */
struct reader {
    const uint8_t *at;
    size_t left;
    const char *flaw;
};

/* Returns the next @len bytes, or NULL. */
static const uint8_t *take_bytes(struct reader *reader, size_t len, const char *name)
{
    const uint8_t *at = reader->at;

    if (reader->flaw != NULL) {
        return NULL;
    }
    if (len > reader->left) {
        reader->flaw = name;
        return NULL;
    }
    reader->at += len;
    reader->left -= len;
    return at;
}

static uint64_t get_number(struct reader *reader, size_t len, const char *name)
{
    const uint8_t *bytes = take_bytes(reader, len, name);

    return bytes != NULL ? lwc_bytes_get(bytes, len) : 0;
}

/* Reads a text of at most @max bytes, none of them NUL, into @text_out with a NUL. */
static void get_text(struct reader *reader, char *text_out, size_t max, const char *name)
{
    size_t len = get_number(reader, 2, name);
    const uint8_t *bytes = take_bytes(reader, len, name);

    if (bytes == NULL) {
        return;
    }
    if (len > max || memchr(bytes, '\0', len) != NULL) {
        reader->flaw = name;
        return;
    }
    memcpy(text_out, bytes, len);
    text_out[len] = '\0';
}

static enum lwc_code get_token(struct reader *reader, struct lwc_buf **token_out,
                               struct lwc_error *err)
{
    size_t len = get_number(reader, 2, "token");
    const uint8_t *bytes = take_bytes(reader, len, "token");

    if (bytes == NULL || len == 0) {
        return LWC_OK;
    }
    return lwc_buf_copy(bytes, len, token_out, err);
}

static void get_members(struct reader *reader, struct lwc_entry *entry)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(numbers); i++) {
        int64_t number = (int64_t)get_number(reader, 8, numbers[i].name);

        memcpy((char *)entry + numbers[i].offset, &number, sizeof number);
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(texts); i++) {
        get_text(reader, (char *)entry + texts[i].offset, texts[i].max, texts[i].name);
    }
}

static enum lwc_code get_variables(struct reader *reader, struct lwc_dependencies *dependencies,
                                   struct lwc_error *err)
{
    size_t count = get_number(reader, 2, "settings");

    if (count > LWC_VARIABLES_MAX && reader->flaw == NULL) {
        reader->flaw = "settings";
    }
    for (size_t i = 0; i < count && reader->flaw == NULL; i++) {
        struct lwc_variable *variable = lwc_dependencies_next_variable(dependencies);
        const uint8_t *hash = NULL;

        if (variable == NULL) {
            return lwc_fail_nomem(err);
        }
        get_text(reader, variable->name, LWC_VARIABLE_NAME_MAX, "name of a setting");
        hash = take_bytes(reader, LWC_HASH_LEN, "a setting");
        if (hash != NULL) {
            memcpy(variable->hash, hash, LWC_HASH_LEN);
        }
        dependencies->variable_count++;
    }
    return LWC_OK;
}

static enum lwc_code get_files(struct reader *reader, struct lwc_dependencies *dependencies,
                               struct lwc_error *err)
{
    size_t count = get_number(reader, 2, "files");

    lwc_dependencies_reset(dependencies);
    if (count > LWC_DEPENDENCIES_MAX && reader->flaw == NULL) {
        reader->flaw = "files";
    }
    for (size_t i = 0; i < count && reader->flaw == NULL; i++) {
        struct lwc_dependency *dependency = lwc_dependencies_next(dependencies);

        if (dependency == NULL) {
            return lwc_fail_nomem(err);
        }
        get_text(reader, dependency->path, LWC_DEPENDENCY_PATH_MAX, "path of a file");
        dependency->dev = get_number(reader, 8, "a file");
        dependency->ino = get_number(reader, 8, "a file");
        dependency->size = (int64_t)get_number(reader, 8, "a file");
        dependency->mtime_ns = (int64_t)get_number(reader, 8, "a file");
        dependency->ctime_ns = (int64_t)get_number(reader, 8, "a file");
        dependencies->count++;
    }
    return LWC_OK;
}

/* Reads magic, version and kinds. */
static void get_head(struct reader *reader, struct lwc_entry *entry)
{
    const uint8_t *magic = take_bytes(reader, MAGIC_LEN, "magic");

    if (magic != NULL && memcmp(magic, MAGIC, MAGIC_LEN) != 0) {
        reader->flaw = "magic";
    }
    if (get_number(reader, 2, "version") != VERSION && reader->flaw == NULL) {
        reader->flaw = "version";
    }
    entry->kind = (enum lwc_entry_kind)get_number(reader, 2, "kind");
    entry->identity.id.kind = (uint32_t)get_number(reader, 4, "identity");
    entry->identity.id.flags = (uint32_t)get_number(reader, 4, "identity");
}

enum lwc_code lwc_entry_decode(const void *bytes, size_t len, struct lwc_entry **entry_out,
                               struct lwc_error *err)
{
    LWC_AUTO_ENTRY entry = calloc(1, sizeof *entry);
    struct reader reader = {.at = bytes, .left = len};
    enum lwc_code code = LWC_OK;

    if (entry == NULL) {
        return lwc_fail_nomem(err);
    }
    if (len > LWC_ENTRY_MAX) {
        reader.flaw = "size";
    }
    get_head(&reader, entry);
    get_members(&reader, entry);
    code = get_token(&reader, &entry->text, err);
    if (code == LWC_OK) {
        code = get_files(&reader, &entry->dependencies, err);
    }
    if (code == LWC_OK) {
        code = get_variables(&reader, &entry->dependencies, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    if (reader.flaw == NULL) {
        reader.flaw = reader.left > 0 ? "end" : find_flaw(entry);
    }
    if (reader.flaw != NULL) {
        return lwc_fail(err, LWC_E_CORRUPT, "cache entry: wrong %s", reader.flaw);
    }
    entry->identity.id = get_identity(entry);
    *entry_out = LWC_TAKE(entry);
    return LWC_OK;
}
