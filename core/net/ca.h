/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_NET_CA_H
#define CORE_NET_CA_H

#include <limits.h>
#include <stdbool.h>

#include <lwcred/backend.h>

#include "base/error.h"

/*
 * The trusted certificate authorities.  At least one of file and dir is set, unless the system has
 * no known place: then both are "" and libcurl's own default counts.
 *
 * file  PEM bundle, or "".
 * dir   hashed directory, or "".
 */
struct lwc_ca {
    char file[PATH_MAX];
    char dir[PATH_MAX];
};

/*
 * Chooses the setting LWCRED_CA_BUNDLE; else SSL_CERT_FILE and SSL_CERT_DIR; else the system's
 * hashed directory, which costs a tenth of the time that its bundle takes; else that bundle.
 *
 * Returns LWC_OK; LWC_E_INVALID if a file that a setting names is missing, not readable or no
 * file; LWC_E_UNSAFE if others can write that file, or add files to a directory of SSL_CERT_DIR.
 */
enum lwc_code lwc_ca_choose(const struct lwc_host *host, struct lwc_ca *ca_out,
                            struct lwc_error *err) LWC_RESULT;

/* Returns whether @path holds entries as c_rehash makes them, "0123abcd.0". */
bool lwc_ca_dir_is_hashed(const char *path);

/*
 * Fails with LWC_E_NETWORK, on behalf of @host, if a certificate in one of the hashed directories
 * @dirs ("A:B"; NULL: none) may not be read: OpenSSL reports that failure without a name, or
 * ignores it.
 */
enum lwc_code lwc_ca_check_readable(const char *dirs, const char *host, struct lwc_error *err);

#endif
