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
 *  1. It offers certificates of that file and no other, so that trust does not grow.
 *  2. A file that is not plainly a list of certificates is not taken: OpenSSL then reads it whole.
 *  3. All certificates of one name are offered.
 *
 * The only file that knows OpenSSL.
 */
struct lwc_ca_bundle;

#define LWC_CA_BUNDLE_MAX ((size_t)32 * 1024 * 1024)
#define LWC_AUTO_CA_BUNDLE LWC_AUTO(struct lwc_ca_bundle *, lwc_ca_bundle_free)

/* Is @tls, as libcurl names its TLS library ("OpenSSL/3.0.19"), the OpenSSL that we call? */
bool lwc_ca_bundle_fits(const char *tls);

/*
 * Reads @path.  NULL for a file that cannot be read, is larger than LWC_CA_BUNDLE_MAX, holds no
 * certificate, another kind of block, or a block that is not whole or no base64.
 */
struct lwc_ca_bundle *lwc_ca_bundle_open(const char *path);
void lwc_ca_bundle_free(struct lwc_ca_bundle **bundle);

/*
 * Prepares @ssl_ctx, an SSL_CTX: what it decrypts is wiped, and the certificates of @bundle, if not
 * NULL, are offered.  @bundle must live as long as @ssl_ctx and its store do.  False: out of
 * memory.
 */
bool lwc_ca_bundle_attach(struct lwc_ca_bundle *bundle, void *ssl_ctx);

/* How many certificates it holds, and how many of them were decoded. */
size_t lwc_ca_bundle_count(const struct lwc_ca_bundle *bundle);
size_t lwc_ca_bundle_decoded(const struct lwc_ca_bundle *bundle);

#endif
