/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/file/contents.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "backends/file/seal.h"
#include "base/util.h"

#define MAPPED_MIN 65536

static_assert((int)LWC_SEAL_TRAILER_LEN == (int)LWC_FORMAT_TRAILER_LEN, "trailer");
static_assert((int)LWC_SEAL_PAD == (int)LWC_FORMAT_PAD, "padding");
static_assert((int)LWC_SEAL_TAG_LEN == (int)LWC_FORMAT_TAG_LEN, "tag");

void lwc_contents_clear(struct lwc_contents *contents)
{
    lwc_format_clear(&contents->format);
    if (contents->mapped_len > 0) {
        (void)munmap(contents->bytes, contents->mapped_len);
    } else {
        free(contents->bytes);
    }
    *contents = (struct lwc_contents){0};
}

/* Room for @len bytes.  A large one gets its pages in one call instead of a fault for each. */
static enum lwc_code make_room(struct lwc_contents *contents, size_t len, struct lwc_error *err)
{
    void *room = NULL;

    if (len < MAPPED_MIN) {
        contents->bytes = malloc(len + 1);
        return contents->bytes != NULL ? LWC_OK : lwc_fail_nomem(err);
    }
    room =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (room == MAP_FAILED) {
        return lwc_fail_nomem(err);
    }
    contents->bytes = room;
    contents->mapped_len = len;
    return LWC_OK;
}

/* Read up to @cap bytes; fewer if the file ends before, which the digest will tell. */
static enum lwc_code read_all(int fd, uint8_t *bytes, size_t cap, size_t *len_out,
                              struct lwc_error *err)
{
    size_t len = 0;

    while (len < cap) {
        ssize_t got = pread(fd, bytes + len, cap - len, (off_t)len);

        if (got == 0) {
            break;
        }
        if (got < 0 && errno != EINTR) {
            return lwc_fail_sys(err, LWC_E_IO, errno, "read");
        }
        len += got > 0 ? (size_t)got : 0;
    }
    *len_out = len;
    return LWC_OK;
}

static const uint8_t *trailer_of(const struct lwc_contents *contents)
{
    return contents->bytes + contents->len - LWC_FORMAT_TRAILER_LEN;
}

static enum lwc_code check_digest(struct lwc_contents *contents, struct lwc_error *err)
{
    lwc_seal_hash(contents->bytes, contents->len, contents->hash);
    if (!lwc_seal_digest_fits(contents->hash, trailer_of(contents))) {
        return lwc_fail(err, LWC_E_CORRUPT, "damaged: the digest does not fit");
    }
    return LWC_OK;
}

/* Takes the bytes of @contents apart; what is believed follows the order in lwcred-store(5). */
static enum lwc_code parse_contents(struct lwc_contents *contents, struct lwc_error *err)
{
    enum lwc_code code = lwc_format_head(contents->bytes, contents->len, err);

    if (code == LWC_OK) {
        code = check_digest(contents, err);
    }
    return code == LWC_OK ? lwc_format_parse(contents->bytes, contents->len, &contents->format, err)
                          : code;
}

static enum lwc_code read_file(int fd, struct lwc_contents *contents, struct lwc_error *err)
{
    struct stat st;
    enum lwc_code code = LWC_OK;

    if (fstat(fd, &st) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "fstat");
    }
    if (st.st_size > LWC_FORMAT_FILE_MAX) {
        return lwc_fail(err, LWC_E_CORRUPT, "larger than %d bytes", LWC_FORMAT_FILE_MAX);
    }
    code = make_room(contents, (size_t)st.st_size, err);
    return code == LWC_OK ? read_all(fd, contents->bytes, (size_t)st.st_size, &contents->len, err)
                          : code;
}

enum lwc_code lwc_contents_read(int fd, struct lwc_contents *contents_out, struct lwc_error *err)
{
    LWC_AUTO_CONTENTS contents = {0};
    enum lwc_code code = read_file(fd, &contents, err);

    if (code == LWC_OK) {
        code = parse_contents(&contents, err);
    }
    if (code == LWC_OK) {
        *contents_out = contents;
        contents = (struct lwc_contents){0};
    }
    return code;
}

enum lwc_code lwc_contents_verify(int fd, const uint8_t *bytes, size_t len,
                                  const struct lwc_buf *master, struct lwc_error *err)
{
    LWC_AUTO_CONTENTS contents = {0};
    enum lwc_code code = read_file(fd, &contents, err);

    if (code == LWC_OK && (contents.len != len || memcmp(contents.bytes, bytes, len) != 0)) {
        code = lwc_fail(err, LWC_E_IO, "reads back other than it was written");
    }
    if (code == LWC_OK) {
        code = check_digest(&contents, err);
    }
    return code == LWC_OK ? lwc_contents_authenticate(&contents, master, err) : code;
}

enum lwc_code lwc_contents_authenticate(const struct lwc_contents *contents,
                                        const struct lwc_buf *master, struct lwc_error *err)
{
    return lwc_seal_mac_check(master, contents->hash, trailer_of(contents), err);
}

enum lwc_code lwc_contents_open(const struct lwc_contents *contents, size_t index,
                                const struct lwc_buf *master, struct lwc_buf **secret_out,
                                struct lwc_error *err)
{
    const struct lwc_format_record *record = &contents->format.records[index];
    uint8_t ad[LWC_FORMAT_RECORD_AD_MAX];
    const struct lwc_seal_ad bound = {ad, lwc_format_record_ad(&contents->format, record, ad)};
    LWC_AUTO_BUF secret = NULL;
    enum lwc_code code =
        lwc_seal_open(master, record->bytes + LWC_FORMAT_RECORD_AT_NONCE, bound,
                      record->bytes + record->ad_len, record->len - record->ad_len, &secret, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "profile %s", record->id.profile);
    }
    if (lwc_buf_len(secret) < 1 || lwc_buf_len(secret) > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_CORRUPT, "profile %s: secret of %zu bytes", record->id.profile,
                        lwc_buf_len(secret));
    }
    *secret_out = LWC_TAKE(secret);
    return LWC_OK;
}

bool lwc_contents_locate(const struct lwc_store_format *format, const char *profile,
                         size_t *index_out)
{
    size_t low = 0;
    size_t high = format->record_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(format->records[middle].id.profile, profile) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *index_out = low;
    return low < format->record_count && lwc_streq(format->records[low].id.profile, profile);
}

/* A seal that does not open again, by a flipped bit, would be a lost secret. */
static enum lwc_code prove_seal(const struct lwc_contents_change *change,
                                const struct lwc_buf *master, struct lwc_seal_ad bound,
                                const struct lwc_format_record *record, struct lwc_error *err)
{
    LWC_AUTO_BUF opened = NULL;
    enum lwc_code code =
        lwc_seal_open(master, record->bytes + LWC_FORMAT_RECORD_AT_NONCE, bound,
                      record->bytes + record->ad_len, record->len - record->ad_len, &opened, err);

    if (code == LWC_OK && !lwc_buf_equal(opened, change->secret, change->len)) {
        return lwc_fail(err, LWC_E_INTERNAL, "the new record has another secret");
    }
    return code;
}

/* Fills the sealed bytes of @record, which views @bytes, and its nonce, which is random so far. */
static enum lwc_code seal_secret(const struct lwc_store_format *base,
                                 const struct lwc_contents_change *change,
                                 const struct lwc_buf *master, uint8_t *bytes,
                                 const struct lwc_format_record *record, struct lwc_error *err)
{
    uint8_t ad[LWC_FORMAT_RECORD_AD_MAX];
    struct lwc_seal_ad bound = {ad, lwc_format_record_ad(base, record, ad)};
    uint8_t *nonce = bytes + LWC_FORMAT_RECORD_AT_NONCE;
    enum lwc_code code = lwc_seal_nonce(master, bound, change->secret, change->len, nonce, err);

    if (code != LWC_OK) {
        return code;
    }
    bound.len = lwc_format_record_ad(base, record, ad); /* with the nonce in it */
    code = lwc_seal_record(master, nonce, bound, change->secret, change->len,
                           bytes + record->ad_len, err);
    return code == LWC_OK ? prove_seal(change, master, bound, record, err) : code;
}

/* A record with the secret of @change sealed in it; @bytes_out is the caller's. */
static enum lwc_code seal_record(const struct lwc_store_format *base,
                                 const struct lwc_contents_change *change,
                                 const struct lwc_buf *master, uint8_t **bytes_out,
                                 struct lwc_format_record *record_out, struct lwc_error *err)
{
    const struct lwc_format_record *old = change->drop ? &base->records[change->index] : NULL;
    const struct lwc_format_draft draft = {
        .id = old != NULL ? old->bytes + LWC_FORMAT_RECORD_AT_ID : change->id,
        .nonce = change->nonce,
        .generation = base->generation + 1,
        .created_at = old != NULL ? lwc_format_record_created_at(old) : change->now,
        .changed_at = change->now,
        .identity = change->identity,
        .sealed_len = lwc_seal_len(change->len),
    };
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    struct lwc_format_record record = {0};
    enum lwc_code code = LWC_OK;

    if (change->len < 1 || change->len > LWC_SECRET_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "secret of %zu bytes, allowed are 1 to %d", change->len,
                        LWC_SECRET_MAX);
    }
    code = lwc_format_record_make(&draft, &bytes, &record, err);
    if (code != LWC_OK) {
        return code;
    }
    code = seal_secret(base, change, master, bytes, &record, err);
    if (code == LWC_OK) {
        *bytes_out = LWC_TAKE(bytes);
        *record_out = record;
    }
    return code;
}

/* The records of @base with those of @change; @add is NULL if nothing is put. */
static enum lwc_code splice_record(const struct lwc_store_format *base,
                                   const struct lwc_contents_change *change,
                                   const struct lwc_format_record *add,
                                   struct lwc_store_format *next_out, struct lwc_error *err)
{
    struct lwc_format_record *records = calloc(base->record_count + 1, sizeof *records);
    size_t count = 0;

    if (records == NULL) {
        return lwc_fail_nomem(err);
    }
    for (size_t i = 0; i < change->index; i++) {
        records[count++] = base->records[i];
    }
    if (add != NULL) {
        records[count++] = *add;
    }
    for (size_t i = change->index + change->drop; i < base->record_count; i++) {
        records[count++] = base->records[i];
    }
    *next_out = *base;
    next_out->generation++;
    memcpy(next_out->previous_mac, base->mac, sizeof base->mac);
    next_out->records = records;
    next_out->record_count = count;
    return LWC_OK;
}

enum lwc_code lwc_contents_build(const struct lwc_store_format *base,
                                 const struct lwc_contents_change *change,
                                 const struct lwc_buf *master, uint8_t **bytes_out, size_t *len_out,
                                 struct lwc_error *err)
{
    LWC_AUTO_FREE uint8_t *record = NULL;
    LWC_AUTO_FREE uint8_t *bytes = NULL;
    LWC_AUTO_FORMAT next = {0};
    struct lwc_format_record added = {0};
    size_t len = 0;
    enum lwc_code code = LWC_OK;

    if (base->generation >= INT64_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "the store has no generation left");
    }
    if (change->identity != NULL) {
        code = seal_record(base, change, master, &record, &added, err);
    }
    if (code == LWC_OK) {
        code = splice_record(base, change, record != NULL ? &added : NULL, &next, err);
    }
    if (code == LWC_OK) {
        code = lwc_format_encode(&next, &bytes, &len, err);
    }
    if (code == LWC_OK) {
        code = lwc_seal_finish(master, bytes, len, err);
    }
    if (code == LWC_OK) {
        *bytes_out = LWC_TAKE(bytes);
        *len_out = len;
    }
    return code;
}
