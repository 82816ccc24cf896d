/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_CA_BUNDLE_H
#define CORE_NET_CA_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/util.h"

/*
 * A PEM file of certificate authorities, of which OpenSSL decodes only those that a chain names.
 * Decoding all of the system's bundle costs six times as much as all else of an exchange.
 *
 * MUST:
 *  1. A bundle offers certificates of that file and no other, so that trust does not grow.
 *  2. A file that is not plainly a list of certificates is refused: OpenSSL then reads all of it.
 *  3. All certificates of a name are offered.
 *
 * No other file knows OpenSSL.
 */
struct lwc_ca_bundle;

#define LWC_CA_BUNDLE_MAX ((size_t)32 * 1024 * 1024)
#define LWC_AUTO_CA_BUNDLE LWC_AUTO(struct lwc_ca_bundle *, lwc_ca_bundle_free)

/* Returns whether @tls, libcurl's name of its TLS library ("OpenSSL/3.0.19"), is our OpenSSL. */
bool lwc_ca_bundle_fits(const char *tls);

/*
 * Reads @path.  Returns NULL for a file that cannot be read, is larger than LWC_CA_BUNDLE_MAX,
 * holds no certificate, another kind of block, or a block that is not whole or no base64.
 */
struct lwc_ca_bundle *lwc_ca_bundle_open(const char *path);
void lwc_ca_bundle_free(struct lwc_ca_bundle **bundle);

/*
 * Prepares @ssl_ctx, an SSL_CTX, to wipe decrypted bytes and to find the certificates of @bundle
 * (NULL: none), which must live as long as @ssl_ctx and its store do.  Returns false without
 * memory.
 */
bool lwc_ca_bundle_attach(struct lwc_ca_bundle *bundle, void *ssl_ctx);

/* Return the number of certificates, and how many of them were decoded. */
size_t lwc_ca_bundle_count(const struct lwc_ca_bundle *bundle);
size_t lwc_ca_bundle_decoded(const struct lwc_ca_bundle *bundle);

#endif
