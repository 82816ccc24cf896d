/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_STANDIN_H
#define TESTS_SUPPORT_STANDIN_H

#include <stddef.h>
#include <sys/types.h>

#include "tests/support/tmpdir.h"

/*
 * The stand-in for the Lacework API (standin.py), for unit tests that want real TLS.  They run
 * in the root of the source tree.  Helpers fail the test where they fail.
 */
struct standin {
    char dir[TMPDIR_PATH_LEN];
    pid_t pid;
    unsigned port;
    unsigned proxy_port; /* 0 without "--proxy" */
};

/* Make the certificates of make-ca.sh in the directory "ca". */
void standin_make_ca(const struct tmpdir *tmp);

/*
 * Start one, with its files in the directory @name.  It ends with this process at the latest.
 *
 * @cert    name of a certificate of make-ca.sh.
 * @option  one option of standin.py, or NULL.
 */
void standin_start(const struct tmpdir *tmp, const char *name, const char *cert, const char *option,
                   struct standin *standin_out);

/* Stop it and wait for its end; does nothing if it runs no more. */
void standin_stop(struct standin *standin);

/* How it misbehaves from now on; "" for not at all. */
void standin_mode(const struct standin *standin, const char *mode);

/* Make a key known by the SHA-256 of its secret, in hex. */
void standin_add_key(const struct standin *standin, const char *key_id, const char *sha256);

/* How many requests are in its log whose line holds @text? */
size_t standin_count(const struct standin *standin, const char *text);

#endif
