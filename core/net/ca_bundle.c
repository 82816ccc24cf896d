/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in ca_bundle.h. */
#include "net/ca_bundle.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define TAIL "-----"

/* A certificate, in the bytes of the bundle. */
struct entry {
    const unsigned char *der;
    size_t len;
    bool is_trusted; /* settings of trust follow it     */
    bool is_decoded; /* and in the store, or is broken  */
};

struct lwc_ca_bundle {
    unsigned char *text; /* of the file; certificates are decoded in place */
    size_t len;
    struct entry *entry;
    size_t count;
    size_t capacity;
    X509_LOOKUP_METHOD *method;
};

/* A line without its end; *at moves behind it. */
struct line {
    unsigned char *start;
    size_t len;
};

static const struct {
    const char *name;
    bool is_trusted;
} kinds[] = {{"CERTIFICATE", false}, {"X509 CERTIFICATE", false}, {"TRUSTED CERTIFICATE", true}};

bool lwc_ca_bundle_fits(const char *tls)
{
    static const char prefix[] = "OpenSSL/";

    return tls != NULL && strncmp(tls, prefix, sizeof prefix - 1) == 0 &&
           lwc_streq(tls + sizeof prefix - 1, OpenSSL_version(OPENSSL_VERSION_STRING));
}

static bool read_all(int fd, unsigned char *bytes, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = read(fd, bytes + done, len - done);

        if (got <= 0 && (got == 0 || errno != EINTR)) {
            return false;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool read_file(struct lwc_ca_bundle *bundle, const char *path)
{
    LWC_AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
        (uintmax_t)st.st_size > LWC_CA_BUNDLE_MAX) {
        return false;
    }
    bundle->len = (size_t)st.st_size;
    bundle->text = malloc(bundle->len);
    return bundle->text != NULL && read_all(fd, bundle->text, bundle->len);
}

static bool next_line(const struct lwc_ca_bundle *bundle, size_t *at, struct line *line)
{
    const unsigned char *newline = NULL;

    if (*at >= bundle->len) {
        return false;
    }
    line->start = bundle->text + *at;
    newline = memchr(line->start, '\n', bundle->len - *at);
    line->len = newline != NULL ? (size_t)(newline - line->start) : bundle->len - *at;
    *at += line->len + 1;
    while (line->len > 0 && strchr(" \t\r", line->start[line->len - 1]) != NULL &&
           line->start[line->len - 1] != '\0') {
        line->len--;
    }
    return true;
}

/* Returns the kind that a line of @marker, a name and dashes names, or -1. */
static int find_kind(const struct line *line, const char *marker)
{
    const size_t head = strlen(marker);
    const size_t tail = sizeof TAIL - 1;

    for (size_t i = 0; i < LWC_ARRAY_LEN(kinds); i++) {
        const size_t len = strlen(kinds[i].name);

        if (line->len == head + len + tail && memcmp(line->start, marker, head) == 0 &&
            memcmp(line->start + head, kinds[i].name, len) == 0 &&
            memcmp(line->start + head + len, TAIL, tail) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool starts_with(const struct line *line, const char *marker)
{
    return line->len >= strlen(marker) && memcmp(line->start, marker, strlen(marker)) == 0;
}

static bool add_entry(struct lwc_ca_bundle *bundle, const struct entry *entry)
{
    if (bundle->count == bundle->capacity) {
        const size_t capacity = bundle->capacity == 0 ? 256 : bundle->capacity * 2;
        struct entry *more = reallocarray(bundle->entry, capacity, sizeof *more);

        if (more == NULL) {
            return false;
        }
        bundle->entry = more;
        bundle->capacity = capacity;
    }
    bundle->entry[bundle->count++] = *entry;
    return true;
}

/* Refuses a dash, too: OpenSSL ends base64 there and ignores the rest. */
static bool is_base64(const struct line *line)
{
    size_t i = 0;

    while (i < line->len && (isalnum(line->start[i]) || line->start[i] == '+' ||
                             line->start[i] == '/' || line->start[i] == '=')) {
        i++;
    }
    return i == line->len;
}

/* Decodes from @at on, in place, up to the line that ends a block of @kind. */
static bool take_block(struct lwc_ca_bundle *bundle, EVP_ENCODE_CTX *decoder, int kind, size_t *at)
{
    unsigned char *const start = bundle->text + *at;
    struct entry entry = {.der = start, .is_trusted = kinds[kind].is_trusted};
    struct line line = {.len = 0};
    int len = 0;

    EVP_DecodeInit(decoder);
    while (next_line(bundle, at, &line) && !starts_with(&line, TAIL)) {
        if (!is_base64(&line) ||
            EVP_DecodeUpdate(decoder, start + entry.len, &len, line.start, (int)line.len) < 0) {
            return false;
        }
        entry.len += (size_t)len;
    }
    if (!starts_with(&line, END) || find_kind(&line, END) != kind ||
        EVP_DecodeFinal(decoder, start + entry.len, &len) < 0) {
        return false;
    }
    entry.len += (size_t)len;
    return entry.len > 0 && add_entry(bundle, &entry);
}

static bool scan_blocks(struct lwc_ca_bundle *bundle)
{
    EVP_ENCODE_CTX *decoder = EVP_ENCODE_CTX_new();
    struct line line;
    size_t at = 0;
    bool is_good = decoder != NULL;

    while (is_good && next_line(bundle, &at, &line)) {
        if (starts_with(&line, BEGIN)) {
            const int kind = find_kind(&line, BEGIN);

            is_good = kind >= 0 && take_block(bundle, decoder, kind, &at);
        }
    }
    EVP_ENCODE_CTX_free(decoder);
    return is_good && bundle->count > 0;
}

struct lwc_ca_bundle *lwc_ca_bundle_open(const char *path)
{
    LWC_AUTO_CA_BUNDLE bundle = calloc(1, sizeof *bundle);

    if (bundle == NULL || !read_file(bundle, path) || !scan_blocks(bundle)) {
        return NULL;
    }
    return LWC_TAKE(bundle);
}

void lwc_ca_bundle_free(struct lwc_ca_bundle **bundle)
{
    if (bundle != NULL && *bundle != NULL) {
        X509_LOOKUP_meth_free((*bundle)->method);
        free((*bundle)->entry);
        free((*bundle)->text);
        free(*bundle);
        *bundle = NULL;
    }
}

static X509 *decode_entry(const struct entry *entry)
{
    const unsigned char *der = entry->der;

    return entry->is_trusted ? d2i_X509_AUX(NULL, &der, (long)entry->len)
                             : d2i_X509(NULL, &der, (long)entry->len);
}

/* Ignores an entry that cannot be decoded; the store keeps each certificate once. */
static void add_to_store(X509_STORE *store, struct entry *entry)
{
    X509 *cert = decode_entry(entry);

    entry->is_decoded = true;
    if (cert != NULL) {
        (void)X509_STORE_add_cert(store, cert);
    }
    X509_free(cert);
}

/*
 * Lends a certificate of @name to OpenSSL, which treats *found as borrowed from the store and
 * counts its own reference.
 */
static int lend_from_store(X509_STORE *store, const X509_NAME *name, X509_OBJECT *found)
{
    X509_OBJECT *kept = NULL;
    X509 *cert = NULL;
    int is_lent = 0;

    if (X509_STORE_lock(store) != 1) {
        return 0;
    }
    kept = X509_OBJECT_retrieve_by_subject(X509_STORE_get0_objects(store), X509_LU_X509, name);
    cert = kept != NULL ? X509_OBJECT_get0_X509(kept) : NULL;
    is_lent = cert != NULL && X509_OBJECT_set1_X509(found, cert) == 1;
    if (is_lent) {
        X509_free(cert);
    }
    (void)X509_STORE_unlock(store);
    return is_lent;
}

/* An X509_LOOKUP_get_by_subject_fn: adds all certificates of @name to the store. */
static int find_by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name,
                           X509_OBJECT *found)
{
    struct lwc_ca_bundle *bundle = X509_LOOKUP_get_method_data(lookup);
    X509_STORE *store = X509_LOOKUP_get_store(lookup);
    const unsigned char *wanted = NULL;
    size_t len = 0;

    if (type != X509_LU_X509 || X509_NAME_get0_der(name, &wanted, &len) != 1 || len == 0) {
        return 0;
    }
    for (size_t i = 0; i < bundle->count; i++) {
        struct entry *entry = &bundle->entry[i];

        if (!entry->is_decoded && memmem(entry->der, entry->len, wanted, len) != NULL) {
            add_to_store(store, entry);
        }
    }
    return lend_from_store(store, name, found);
}

bool lwc_ca_bundle_attach(struct lwc_ca_bundle *bundle, void *ssl_ctx)
{
    X509_LOOKUP *lookup = NULL;

    (void)SSL_CTX_set_options(ssl_ctx, SSL_OP_CLEANSE_PLAINTEXT);
    if (bundle == NULL) {
        return true;
    }
    /* A second store, of the server behind a proxy, holds no certificate yet. */
    for (size_t i = 0; i < bundle->count; i++) {
        bundle->entry[i].is_decoded = false;
    }
    if (bundle->method == NULL) {
        bundle->method = X509_LOOKUP_meth_new("certificates of a file by name");
    }
    if (bundle->method == NULL ||
        X509_LOOKUP_meth_set_get_by_subject(bundle->method, find_by_subject) != 1) {
        return false;
    }
    lookup = X509_STORE_add_lookup(SSL_CTX_get_cert_store(ssl_ctx), bundle->method);
    return lookup != NULL && X509_LOOKUP_set_method_data(lookup, bundle) == 1;
}

size_t lwc_ca_bundle_count(const struct lwc_ca_bundle *bundle)
{
    return bundle->count;
}

size_t lwc_ca_bundle_decoded(const struct lwc_ca_bundle *bundle)
{
    size_t decoded = 0;

    for (size_t i = 0; i < bundle->count; i++) {
        decoded += bundle->entry[i].is_decoded;
    }
    return decoded;
}
