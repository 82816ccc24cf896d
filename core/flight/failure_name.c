/* SPDX-License-Identifier: Apache-2.0 */
#include "flight/failure_name.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/host.h"
#include "base/identity.h"
#include "base/util.h"
#include "net/message.h"

/* Settings of the way to the API. */
static const char *const net_settings[] = {
    LWC_PROXY_SETTINGS, "NO_PROXY",     "no_proxy",     "LWCRED_CA_BUNDLE",
    "SSL_CERT_FILE",    "SSL_CERT_DIR", "OPENSSL_CONF",
};

/* Settings with which stores are opened, or their windows shown. */
static const char *const store_settings[] = {
    "LWCRED_KEY_FILE", "LWCRED_PASSPHRASE_FILE", "LWCRED_NO_PROMPT", "CI",
    "DISPLAY",         "WAYLAND_DISPLAY",        "XAUTHORITY",
};

/* Paths that name another file in each process. */
static const char *const private_paths[] = {"/dev/fd/", "/dev/std", "/proc/self/"};

/* Settings of the places of tokens. */
static const char *const place_settings[] = {"XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "HOME"};

static void add_settings(struct lwc_hash *hash, const struct lwc_host *host,
                         const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        lwc_hash_add_text(hash, host->setting(host->data, names[i]));
    }
}

static void add_inode(struct lwc_hash *hash, const char *path)
{
    struct stat st = {0};

    (void)!stat(path, &st);
    lwc_hash_add_number(hash, (int64_t)st.st_dev);
    lwc_hash_add_number(hash, (int64_t)st.st_ino);
}

static void begin_name(struct lwc_hash *hash, const char *label)
{
    lwc_hash_begin(hash, label);
    add_inode(hash, "/proc/self/ns/net");
    add_inode(hash, "/proc/self/ns/mnt");
}

static void add_demand(struct lwc_hash *hash, const struct lwc_failure_demand *demand)
{
    lwc_hash_add_number(hash, demand->granted_s);
    lwc_hash_add_number(hash, demand->min_valid_s);
}

/* Returns the number of the controlling terminal, seventh in /proc/self/stat; 0 without one. */
static int64_t find_terminal(void)
{
    LWC_AUTO_CLOSE int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    char text[512];
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    const char *name_end = NULL;
    int terminal = 0;

    if (len <= 0) {
        return 0;
    }
    text[len] = '\0';
    name_end = strrchr(text, ')');
    return name_end != NULL && sscanf(name_end, ") %*c %*d %*d %*d %d", &terminal) == 1 ? terminal
                                                                                        : 0;
}

/* Returns whether only this process can read the passphrase. */
static bool has_own_passphrase(const struct lwc_host *host)
{
    const char *path = host->setting(host->data, "LWCRED_PASSPHRASE_FILE");
    bool is_own = lwc_host_setting(host, "LWCRED_PASSPHRASE_FD") != NULL;

    for (size_t i = 0; lwc_is_set(path) && i < LWC_ARRAY_LEN(private_paths); i++) {
        is_own = is_own || strncmp(path, private_paths[i], strlen(private_paths[i])) == 0;
    }
    return is_own;
}

void lwc_failure_name_exchange(const uint8_t who[static LWC_HASH_LEN], const struct lwc_host *host,
                               const struct lwc_failure_demand *demand,
                               uint8_t name_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    begin_name(&hash, "lwcred failed exchange 2");
    lwc_hash_add(&hash, who, LWC_HASH_LEN);
    add_settings(&hash, host, net_settings, LWC_ARRAY_LEN(net_settings));
    add_demand(&hash, demand);
    lwc_hash_end(&hash, name_out);
}

void lwc_failure_name_rate(const struct lwc_identity *identity,
                           uint8_t name_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    begin_name(&hash, "lwcred rate limit 2");
    lwc_hash_add_text(&hash, lwc_identity_authority(identity));
    lwc_hash_add_text(&hash, identity->account);
    lwc_hash_add_text(&hash, identity->key_id);
    lwc_hash_end(&hash, name_out);
}

void lwc_failure_name_answer(const char *answer, const struct lwc_host *host, bool can_ask,
                             const struct lwc_failure_demand *demand,
                             uint8_t name_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    begin_name(&hash, "lwcred failed answer 2");
    lwc_hash_add_text(&hash, answer);
    add_settings(&hash, host, net_settings, LWC_ARRAY_LEN(net_settings));
    add_settings(&hash, host, store_settings, LWC_ARRAY_LEN(store_settings));
    add_inode(&hash, "."); /* of relative paths */
    lwc_hash_add_number(&hash, has_own_passphrase(host) ? (int64_t)getpid() : 0);
    lwc_hash_add_number(&hash, can_ask);
    lwc_hash_add_number(&hash, can_ask ? find_terminal() : 0);
    add_demand(&hash, demand);
    lwc_hash_end(&hash, name_out);
}

void lwc_failure_name_place(enum lwc_cache_mode mode, bool can_seal, const struct lwc_host *host,
                            uint8_t name_out[static LWC_HASH_LEN])
{
    struct lwc_hash hash;

    begin_name(&hash, "lwcred no place 2");
    lwc_hash_add_number(&hash, mode);
    lwc_hash_add_number(&hash, can_seal);
    add_settings(&hash, host, place_settings, LWC_ARRAY_LEN(place_settings));
    lwc_hash_end(&hash, name_out);
}
