/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ca.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/host.h"
#include "base/safefile.h"

#define HASH_LEN 8

static const char system_dir[] = "/etc/ssl/certs";
static const char *const system_files[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
};

/* Checks the file like a secret: a user who can write it can read every secret that is sent. */
static enum lwc_code check_file(const char *name, const char *path, struct lwc_error *err)
{
    LWC_AUTO_PATH resolved = LWC_PATH_INIT;
    LWC_AUTO_CLOSE int fd = -1;
    enum lwc_code code = lwc_path_resolve(path, &resolved, err);

    if (code == LWC_OK) {
        code = lwc_file_open(&resolved, LWC_TRUST_CONTENT, &fd, NULL, err);
    }
    if (code == LWC_OK) {
        return LWC_OK;
    }
    return lwc_wrap(err, code == LWC_E_UNSAFE ? code : LWC_E_INVALID, "%s", name);
}

/* Checks directory @name of @len bytes; accepts a missing one, which OpenSSL ignores. */
static enum lwc_code check_dir(const char *name, size_t len, struct lwc_error *err)
{
    LWC_AUTO_PATH path = LWC_PATH_INIT;
    char entry[PATH_MAX];
    struct stat st;
    enum lwc_code code = LWC_OK;

    if (len == 0) {
        return LWC_OK;
    }
    if (len + sizeof "/0" > sizeof entry) {
        return lwc_fail(err, LWC_E_INVALID, "the path is too long");
    }
    /* lwc_path_resolve() checks the directories of a path: any name in it will do. */
    (void)snprintf(entry, sizeof entry, "%.*s/0", (int)len, name);
    code = lwc_path_resolve(entry, &path, err);
    if (code != LWC_OK) {
        return code == LWC_E_NOT_FOUND ? LWC_OK : code;
    }
    if (fstat(path.dir_fd, &st) != 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "%s", path.dir);
    }
    if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return lwc_fail(err, LWC_E_UNSAFE, "directory %s can be written by others (mode %04o)",
                        path.dir, st.st_mode & 07777u);
    }
    return LWC_OK;
}

/* Checks the directories of @list ("A:B"): a user who can add a file decides what is trusted. */
static enum lwc_code check_dirs(const char *name, const char *list, struct lwc_error *err)
{
    struct lwc_error why = {0};

    while (*list != '\0') {
        const size_t len = strcspn(list, ":");
        enum lwc_code code = check_dir(list, len, &why);

        if (code != LWC_OK) {
            code = lwc_error_pass(err, code == LWC_E_UNSAFE ? code : LWC_E_INVALID, &why);
            return lwc_wrap(err, code, "%s", name);
        }
        list += len + (list[len] == ':');
    }
    return LWC_OK;
}

static enum lwc_code copy_path(char out[static PATH_MAX], const char *name, const char *path,
                               struct lwc_error *err)
{
    size_t len = strlen(path);

    if (len >= PATH_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "%s: the path is too long", name);
    }
    memcpy(out, path, len + 1);
    return LWC_OK;
}

static enum lwc_code set_file(struct lwc_ca *ca, const char *name, const char *path,
                              struct lwc_error *err)
{
    enum lwc_code code = check_file(name, path, err);

    return code == LWC_OK ? copy_path(ca->file, name, path, err) : code;
}

static bool is_hash_name(const char *name)
{
    size_t len = 0;

    while (len < HASH_LEN && isxdigit((unsigned char)name[len]) &&
           !isupper((unsigned char)name[len])) {
        len++;
    }
    return len == HASH_LEN && name[len] == '.' && isdigit((unsigned char)name[len + 1]) &&
           name[len + 2] == '\0';
}

bool lwc_ca_dir_is_hashed(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry = NULL;

    if (dir == NULL) {
        return false;
    }
    do {
        entry = readdir(dir);
    } while (entry != NULL && !is_hash_name(entry->d_name));
    (void)closedir(dir);
    return entry != NULL;
}

/* Finds an unreadable certificate in directory @path_out; appends the name of the file. */
static bool find_unreadable(char path_out[static PATH_MAX])
{
    const size_t len = strlen(path_out);
    DIR *dir = opendir(path_out);
    const struct dirent *entry = NULL;
    bool is_found = false;

    while (dir != NULL && !is_found && (entry = readdir(dir)) != NULL) {
        if (is_hash_name(entry->d_name) && snprintf(path_out + len, PATH_MAX - len, "/%s",
                                                    entry->d_name) < (int)(PATH_MAX - len)) {
            is_found = access(path_out, R_OK) != 0 && errno == EACCES;
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return is_found;
}

enum lwc_code lwc_ca_check_readable(const char *dirs, const char *host, struct lwc_error *err)
{
    char path[PATH_MAX];

    while (dirs != NULL && *dirs != '\0') {
        const size_t len = strcspn(dirs, ":");

        if (len > 0 && len < sizeof path) {
            (void)snprintf(path, sizeof path, "%.*s", (int)len, dirs);
            if (find_unreadable(path)) {
                return lwc_fail_sys(err, LWC_E_NETWORK, EACCES,
                                    "%s: no TLS connection: CA certificate %s", host, path);
            }
        }
        dirs += len + (dirs[len] == ':');
    }
    return LWC_OK;
}

static void choose_system(struct lwc_ca *ca)
{
    if (lwc_ca_dir_is_hashed(system_dir)) {
        memcpy(ca->dir, system_dir, sizeof system_dir);
        return;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(system_files); i++) {
        if (access(system_files[i], R_OK) == 0) {
            memcpy(ca->file, system_files[i], strlen(system_files[i]) + 1);
            return;
        }
    }
}

enum lwc_code lwc_ca_choose(const struct lwc_host *host, struct lwc_ca *ca_out,
                            struct lwc_error *err)
{
    const char *bundle = lwc_host_setting(host, "LWCRED_CA_BUNDLE");
    const char *file = lwc_host_setting(host, "SSL_CERT_FILE");
    const char *dir = lwc_host_setting(host, "SSL_CERT_DIR");
    struct lwc_ca ca = {.file = "", .dir = ""};
    enum lwc_code code = LWC_OK;

    if (bundle != NULL) {
        code = set_file(&ca, "LWCRED_CA_BUNDLE", bundle, err);
    } else if (file != NULL || dir != NULL) {
        code = file != NULL ? set_file(&ca, "SSL_CERT_FILE", file, err) : LWC_OK;
        if (code == LWC_OK && dir != NULL) {
            code = check_dirs("SSL_CERT_DIR", dir, err);
        }
        if (code == LWC_OK && dir != NULL) {
            code = copy_path(ca.dir, "SSL_CERT_DIR", dir, err);
        }
    } else {
        choose_system(&ca);
    }
    if (code == LWC_OK) {
        *ca_out = ca;
    }
    return code;
}
