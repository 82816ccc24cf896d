/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ca_bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "tests/support/tmpdir.h"

#define DAY_S 86400
#define TEXT_LEN ((size_t)11 * 1024 * 1024)

/* Two authorities of one name with keys of their own, a third, one that has expired; and a server
 * of each. */
enum { FIRST, SECOND, THIRD, EXPIRED, AUTHORITIES };

struct authority {
    EVP_PKEY *key;
    X509 *cert;
    X509 *server;
};

static struct authority made[AUTHORITIES];

static void add_extension(X509V3_CTX *context, X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, context, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(cert, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void name_cert(X509_NAME *name, const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;

    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, bytes, -1, -1, 0), 1);
}

/* An authority of its own where @authority has none yet, else a server of it. */
static X509 *make_cert(const struct authority *authority, const char *issuer, long end_s)
{
    const bool is_server = authority->cert != NULL;
    X509 *cert = X509_new();
    X509V3_CTX context;

    assert_int_equal(X509_set_version(cert, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(cert), is_server ? 2 : 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(cert), -10 * DAY_S));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(cert), end_s));
    name_cert(X509_get_subject_name(cert), is_server ? "server" : issuer);
    name_cert(X509_get_issuer_name(cert), issuer);
    assert_int_equal(X509_set_pubkey(cert, authority->key), 1);
    X509V3_set_ctx(&context, is_server ? authority->cert : cert, cert, NULL, NULL, 0);
    add_extension(&context, cert, NID_basic_constraints,
                  is_server ? "CA:FALSE" : "critical,CA:TRUE");
    if (is_server) {
        add_extension(&context, cert, NID_authority_key_identifier, "keyid:always");
    } else {
        add_extension(&context, cert, NID_subject_key_identifier, "hash");
    }
    assert_true(X509_sign(cert, authority->key, EVP_sha256()) > 0);
    return cert;
}

static int make_all(void **state)
{
    static const char *const names[] = {"same", "same", "third", "expired"};

    (void)state;
    for (size_t i = 0; i < AUTHORITIES; i++) {
        made[i].key = EVP_EC_gen("P-256");
        made[i].cert = make_cert(&made[i], names[i], i == EXPIRED ? -DAY_S : DAY_S);
        made[i].server = make_cert(&made[i], names[i], DAY_S);
    }
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < AUTHORITIES; i++) {
        EVP_PKEY_free(made[i].key);
        X509_free(made[i].cert);
        X509_free(made[i].server);
    }
    return 0;
}

/* A file: text, then certificates; the letters select the form of each. */
struct part {
    int authority; /* -1: @text as it stands */
    const char *text;
    bool is_trusted;
    bool has_cr;
};

static void write_part(FILE *file, const struct part *part)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long len = 0;

    if (part->authority < 0) {
        (void)fputs(part->text, file);
    } else if (part->is_trusted) {
        assert_int_equal(PEM_write_bio_X509_AUX(bio, made[part->authority].cert), 1);
    } else {
        assert_int_equal(PEM_write_bio_X509(bio, made[part->authority].cert), 1);
    }
    len = BIO_get_mem_data(bio, &pem);
    for (long i = 0; i < len; i++) {
        if (part->has_cr && pem[i] == '\n') {
            (void)fputc('\r', file);
        }
        (void)fputc(pem[i], file);
    }
    BIO_free(bio);
}

#define PARTS_MAX 5
static struct lwc_ca_bundle *open_parts(const struct tmpdir *dir, const struct part *parts)
{
    char path[TMPDIR_PATH_LEN];
    FILE *file = fopen(tmpdir_join(dir, "bundle.pem", path), "we");

    assert_non_null(file);
    for (size_t i = 0; i < PARTS_MAX && (parts[i].authority >= 0 || parts[i].text != NULL); i++) {
        write_part(file, &parts[i]);
    }
    assert_int_equal(fclose(file), 0);
    return lwc_ca_bundle_open(path);
}

/* Result of the verification of a server's certificate; X509_V_OK is 0. */
static int verify(struct lwc_ca_bundle *bundle, X509 *server)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());
    X509_STORE_CTX *chain = X509_STORE_CTX_new();
    int result = 0;

    assert_true(lwc_ca_bundle_attach(bundle, ctx));
    assert_int_equal(X509_STORE_CTX_init(chain, SSL_CTX_get_cert_store(ctx), server, NULL), 1);
    (void)X509_verify_cert(chain);
    result = X509_STORE_CTX_get_error(chain);
    X509_STORE_CTX_free(chain);
    SSL_CTX_free(ctx);
    return result;
}

#define END             \
    {                   \
        .authority = -1 \
    }
#define CA(number)            \
    {                         \
        .authority = (number) \
    }
#define TEXT(words)                      \
    {                                    \
        .authority = -1, .text = (words) \
    }
#define BLOCK(words) TEXT("-----BEGIN CERTIFICATE-----\n" words "-----END CERTIFICATE-----\n")

static const struct {
    const char *name;
    struct part parts[PARTS_MAX];
    size_t count;
    int server;
    int result;
    size_t decoded;
} verified[] = {
    {"one", {CA(FIRST), END}, 1, FIRST, X509_V_OK, 1},
    {"among others", {CA(THIRD), CA(EXPIRED), CA(FIRST), END}, 3, FIRST, X509_V_OK, 1},
    {"two of one name", {CA(FIRST), CA(SECOND), CA(THIRD), END}, 3, SECOND, X509_V_OK, 2},
    {"two of one name, the other", {CA(FIRST), CA(SECOND), END}, 2, FIRST, X509_V_OK, 2},
    {"the same twice", {CA(FIRST), CA(FIRST), END}, 2, FIRST, X509_V_OK, 2},
    {"not there", {CA(THIRD), END}, 1, FIRST, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, 0},
    {"same name, other key",
     {CA(SECOND), END},
     1,
     FIRST,
     X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     1},
    {"expired", {CA(EXPIRED), END}, 1, EXPIRED, X509_V_ERR_CERT_HAS_EXPIRED, 1},
    {"trusted block",
     {CA(THIRD), {.authority = FIRST, .is_trusted = true}, END},
     2,
     FIRST,
     X509_V_OK,
     1},
    {"CR LF",
     {{.authority = FIRST, .has_cr = true}, {.authority = THIRD, .has_cr = true}, END},
     2,
     FIRST,
     X509_V_OK,
     1},
    {"text between",
     {TEXT("My CA\n=====\n"), CA(THIRD), TEXT("\n# ---- \n-----\n"), CA(FIRST), END},
     2,
     FIRST,
     X509_V_OK,
     1},
    {"no newline at the end", {CA(THIRD), CA(FIRST), TEXT("x"), END}, 2, FIRST, X509_V_OK, 1},
    {"a block that is no certificate",
     {CA(THIRD), BLOCK("MAsGBFVBQwOT\n"), CA(FIRST), END},
     3,
     FIRST,
     X509_V_OK,
     1},
};

static void certificates_are_decoded_when_a_chain_names_them(void **state)
{
    for (size_t i = 0; i < LWC_ARRAY_LEN(verified); i++) {
        LWC_AUTO_CA_BUNDLE bundle = open_parts(*state, verified[i].parts);
        int result = 0;

        assert_non_null(bundle);
        assert_int_equal(lwc_ca_bundle_count(bundle), verified[i].count);
        /* Twice: a bundle serves the connection to a proxy and the one behind it. */
        for (size_t times = 0; times < 2; times++) {
            result = verify(bundle, made[verified[i].server].server);
            if (result != verified[i].result ||
                lwc_ca_bundle_decoded(bundle) != verified[i].decoded) {
                fail_msg("%s: %s, %zu decoded", verified[i].name,
                         X509_verify_cert_error_string(result), lwc_ca_bundle_decoded(bundle));
            }
        }
    }
}

static void what_is_no_list_of_certificates_is_not_taken(void **state)
{
    static const struct part cases[][PARTS_MAX] = {
        {TEXT(""), END},
        {TEXT("no certificate\n"), END},
        {CA(FIRST), BLOCK("*\n"), END},
        {CA(FIRST), BLOCK("MAsGBFVBQwO\n"), END},
        {CA(FIRST), BLOCK(""), END},
        {CA(FIRST), BLOCK("Proc-Type: 4,ENCRYPTED\nMAsGBFVBQwOT\n"), END},
        {CA(FIRST), TEXT("-----BEGIN CERTIFICATE-----\nMAsGBFVBQwOT\n"), END},
        {CA(FIRST), TEXT("-----BEGIN CERTIFICATE-----"), END},
        {CA(FIRST), TEXT("-----BEGIN CERTIFICATE-----\nMAsG\n-----END X509 CRL-----\n"), END},
        {CA(FIRST), TEXT("-----BEGIN X509 CRL-----\nMAsG\n-----END X509 CRL-----\n"), END},
        {CA(FIRST), TEXT("-----BEGIN CERTIFICATE----\nMAsG\n-----END CERTIFICATE----\n"), END},
    };
    const struct tmpdir *dir = *state;
    char path[TMPDIR_PATH_LEN];

    for (size_t i = 0; i < LWC_ARRAY_LEN(cases); i++) {
        print_message("%zu\n", i);
        assert_null(open_parts(dir, cases[i]));
    }
    assert_null(lwc_ca_bundle_open(dir->path));
    assert_null(lwc_ca_bundle_open(tmpdir_join(dir, "missing.pem", path)));
}

static void large_files_are_taken_up_to_a_limit(void **state)
{
    struct part parts[PARTS_MAX] = {CA(THIRD), {.authority = -1}, CA(FIRST), END};
    char *text = malloc(TEXT_LEN * 3 + 1);

    assert_non_null(text);
    memset(text, 'x', TEXT_LEN * 3);
    for (size_t i = 70; i < TEXT_LEN * 3; i += 70) {
        text[i] = '\n';
    }
    text[TEXT_LEN - 1] = '\n';
    text[TEXT_LEN] = '\0';
    parts[1].text = text;
    {
        LWC_AUTO_CA_BUNDLE bundle = open_parts(*state, parts);

        assert_non_null(bundle);
        assert_int_equal(verify(bundle, made[FIRST].server), X509_V_OK);
    }
    text[TEXT_LEN] = '\n';
    text[TEXT_LEN * 3] = '\0';
    assert_null(open_parts(*state, parts));
    free(text);
}

static void fits_only_the_library_that_is_called(void **state)
{
    char own[128];

    (void)state;
    (void)snprintf(own, sizeof own, "OpenSSL/%s", OpenSSL_version(OPENSSL_VERSION_STRING));
    assert_true(lwc_ca_bundle_fits(own));
    assert_false(lwc_ca_bundle_fits(NULL));
    assert_false(lwc_ca_bundle_fits("OpenSSL/"));
    assert_false(lwc_ca_bundle_fits("OpenSSL/1.0.2"));
    assert_false(lwc_ca_bundle_fits("GnuTLS/3.7.9"));
    assert_false(lwc_ca_bundle_fits("(GnuTLS/3.7.9) OpenSSL/3.0.0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(certificates_are_decoded_when_a_chain_names_them,
                                        tmpdir_setup, tmpdir_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_list_of_certificates_is_not_taken, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test_setup_teardown(large_files_are_taken_up_to_a_limit, tmpdir_setup,
                                        tmpdir_teardown),
        cmocka_unit_test(fits_only_the_library_that_is_called),
    };

    return cmocka_run_group_tests_name("ca bundle", tests, make_all, free_all);
}
