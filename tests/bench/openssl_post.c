/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/*
 * openssl_post HOST PORT CA-DIRECTORY REQUEST-FILE: the least that a TLS client can do.
 *
 * Sends the file, a whole HTTP request, over TLS 1.2 or newer with certificate and name verified
 * against a hashed directory, and reads the reply to its end.  Exit status 0 if it is a 201 with a
 * token.  The yardstick for a "get" that exchanges; no part of lwcred.
 */

#define BUFFER_LEN 65536

static int fail(const char *what)
{
    (void)fprintf(stderr, "openssl_post: %s\n", what);
    ERR_print_errors_fp(stderr);
    return 1;
}

static size_t read_file(const char *path, char buffer[static BUFFER_LEN])
{
    FILE *file = fopen(path, "r");
    size_t len = file != NULL ? fread(buffer, 1, BUFFER_LEN, file) : 0;

    if (file != NULL) {
        (void)fclose(file);
    }
    return len;
}

static BIO *connect_to(SSL_CTX *context, char *host, char *port)
{
    SSL *ssl = NULL;
    BIO *bio = BIO_new_ssl_connect(context);

    if (bio == NULL || BIO_get_ssl(bio, &ssl) != 1 || ssl == NULL) {
        BIO_free_all(bio);
        return NULL;
    }
    BIO_set_conn_hostname(bio, host);
    BIO_set_conn_port(bio, port);
    if (SSL_set1_host(ssl, host) != 1 || SSL_set_tlsext_host_name(ssl, host) != 1 ||
        BIO_do_connect(bio) != 1) {
        BIO_free_all(bio);
        return NULL;
    }
    return bio;
}

/* Send the request in @buffer, then fill it with the reply; false unless that holds a token. */
static bool exchange(BIO *bio, char buffer[static BUFFER_LEN], size_t len)
{
    size_t done = 0;
    size_t part = 0;

    if (BIO_write_ex(bio, buffer, len, &part) != 1 || part != len) {
        return false;
    }
    while (done < BUFFER_LEN - 1 &&
           BIO_read_ex(bio, buffer + done, BUFFER_LEN - 1 - done, &part) == 1) {
        done += part;
    }
    buffer[done] = '\0';
    return strncmp(buffer, "HTTP/1.1 201 ", 13) == 0 && strstr(buffer, "\"token\":\"") != NULL;
}

int main(int argc, char **argv)
{
    static char buffer[BUFFER_LEN];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *bio = NULL;
    size_t len = 0;
    bool good = false;

    if (argc != 5) {
        return fail("usage: openssl_post HOST PORT CA-DIRECTORY REQUEST-FILE");
    }
    len = read_file(argv[4], buffer);
    if (len == 0) {
        return fail("no request");
    }
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_load_verify_dir(context, argv[3]) != 1) {
        return fail("cannot make a context");
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    bio = connect_to(context, argv[1], argv[2]);
    if (bio == NULL) {
        return fail("cannot connect");
    }
    good = exchange(bio, buffer, len);
    BIO_free_all(bio);
    SSL_CTX_free(context);
    return good ? 0 : fail("no token in the reply");
}
