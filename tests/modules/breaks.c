/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backend of contrib/backend-template, made to break one rule of the contract: that which the
 * setting BREAKS names.  "crash", "hang" and "exit" make find() do so.
 */
/* The descriptor's type gets that name, too. */
#define lwc_backend folder_backend
#include "contrib/backend-template/folder.c"
#undef lwc_backend

#include <locale.h>
#include <signal.h>

#ifndef BREAKS_NAME
#define BREAKS_NAME "breaks"
#define BREAKS_CAPS_NOT 0
#endif

#define ONE "lwcred-check-1"
#define TWO "lwcred-check-2"

struct breaks {
    void *folder;
    const struct lwc_host *host;
    char how[64];
    const char *kept; /* open-copies-arguments: an argument that is not ours    */
    bool is_absent;   /* states-agree: what was not found once                  */
    char last_secret; /* erase-one: the first byte of what was stored last      */
};

static const struct lwc_identity any = {
    .profile = "", .account = "", .origin = "", .key_id = "", .sub_account = ""};

static bool is(const struct breaks *breaks, const char *how)
{
    return strcmp(breaks->how, how) == 0;
}

static void ask(const struct breaks *breaks)
{
    (void)breaks->host->prompt(breaks->host->data, "please", 0, &(struct lwc_sink){0}, NULL);
}

static void erase_profile(struct breaks *breaks, const char *profile)
{
    struct lwc_identity query = any;

    query.profile = profile;
    (void)folder_erase(breaks->folder, &query, NULL);
}

/* The process is not a module's to change. */
static void meddle(const struct breaks *breaks)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    if (is(breaks, "no-output")) {
        printf("hello\n");
    } else if (is(breaks, "process-untouched:umask")) {
        umask(0);
    } else if (is(breaks, "process-untouched:handler")) {
        signal(SIGPIPE, SIG_IGN);
    } else if (is(breaks, "process-untouched:mask")) {
        sigprocmask(SIG_BLOCK, &set, NULL);
    } else if (is(breaks, "process-untouched:locale")) {
        setlocale(LC_ALL, "C.UTF-8");
    } else if (is(breaks, "process-untouched:directory")) {
        (void)!chdir("/");
    } else if (is(breaks, "process-untouched:environment")) {
        setenv("BREAKS_LEFT", "1", 1);
    } else if (is(breaks, "descriptors-closed")) {
        (void)!dup(STDIN_FILENO);
    } else if (is(breaks, "no-child-left") && fork() == 0) {
        pause();
        _exit(0);
    }
}

static enum lwc_code breaks_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                                 void **state_out, struct lwc_error *err)
{
    static const char *const absent[] = {"path=/nonexistent"};
    const char *how = host->setting(host->data, "BREAKS");
    struct breaks *breaks = calloc(1, sizeof *breaks);
    enum lwc_code code;

    if (breaks == NULL) {
        return fail(err, LWC_E_IO, "out of memory");
    }
    breaks->host = host;
    snprintf(breaks->how, sizeof breaks->how, "%s", how != NULL ? how : "");
    meddle(breaks);
    if (is(breaks, "open-unknown-argument") && argc > 0 && strncmp(argv[0], "path=", 5) != 0) {
        argv = absent;
    }
    code = folder_open(host, argc, argv, &breaks->folder, err);
    if (code != LWC_OK) {
        if (is(breaks, "failure-text")) {
            err->msg[0] = '\0';
        }
        free(breaks);
        return code;
    }
    breaks->kept = argv[0];
    *state_out = breaks;
    return LWC_OK;
}

static void breaks_close(void *state)
{
    struct breaks *breaks = state;

    if (breaks == NULL) {
        const char *how = getenv("BREAKS");

        if (how != NULL && strcmp(how, "open-close") == 0) {
            abort();
        }
        return;
    }
    if (is(breaks, "next-process-finds")) {
        erase_profile(breaks, ONE);
    }
    folder_close(breaks->folder);
    free(breaks);
}

/* Between folder and the host: changes what is given. */
struct bent_sink {
    const struct breaks *breaks;
    const struct lwc_sink *sink;
};

static enum lwc_code bent_put(void *data, const struct lwc_identity *identity, const void *bytes,
                              size_t len, struct lwc_error *err)
{
    const struct bent_sink *bent = data;
    struct lwc_identity given = *identity;
    enum lwc_code code;

    if (is(bent->breaks, "identity-whole") && strcmp(given.profile, ONE) == 0 &&
        given.kind == LWC_KIND_ACCESS_KEY) {
        given.flags = 0;
    }
    code = bent->sink->put(bent->sink->data, &given, bytes, len, err);
    if (code == LWC_OK && is(bent->breaks, "find-gives-once")) {
        code = bent->sink->put(bent->sink->data, &given, bytes, len, err);
    }
    return is(bent->breaks, "find-passes-failure-on") ? LWC_OK : code;
}

static void misbehave(const struct breaks *breaks)
{
    if (is(breaks, "crash")) {
        raise(SIGSEGV);
    } else if (is(breaks, "hang")) {
        pause();
    } else if (is(breaks, "exit")) {
        _exit(3);
    } else if (is(breaks, "prompt-declared")) {
        ask(breaks);
    }
}

static bool only_key_id(const struct lwc_identity *query)
{
    return query->key_id[0] != '\0' && query->profile[0] == '\0' && query->account[0] == '\0';
}

static enum lwc_code breaks_find(void *state, const struct lwc_identity *query,
                                 const struct lwc_sink *sink, struct lwc_error *err)
{
    struct breaks *breaks = state;
    struct lwc_identity wanted = *query;
    struct bent_sink bent = {.breaks = breaks, .sink = sink};
    const struct lwc_sink own = {.data = &bent, .put = bent_put};
    enum lwc_code code;

    misbehave(breaks);
    if (is(breaks, "open-copies-arguments") && breaks->kept[0] == '\0') {
        return LWC_E_NOT_FOUND;
    }
    if ((breaks->is_absent && strcmp(wanted.profile, ONE) == 0) ||
        (is(breaks, "held-found") && strcmp(wanted.profile, "held") == 0) ||
        (is(breaks, "find-by-each-member") && wanted.profile[0] == '\0' &&
         strchr(wanted.account, ':') != NULL)) {
        return LWC_E_NOT_FOUND;
    }
    if (is(breaks, "find-every-member-counts") && wanted.profile[0] != '\0') {
        wanted.key_id = "";
    }
    code = folder_find(breaks->folder, &wanted, &own, err);
    if (code == LWC_E_INVALID && is(breaks, "find-several-invalid")) {
        wanted.profile = ONE;
        code = folder_find(breaks->folder, &wanted, &own, err);
    }
    if (code == LWC_E_NOT_FOUND && is(breaks, "absent-not-found") && only_key_id(query)) {
        return fail(err, LWC_E_DENIED, "who knows");
    }
    breaks->is_absent =
        code == LWC_E_NOT_FOUND && is(breaks, "states-agree") && strcmp(query->profile, ONE) == 0;
    return code;
}

struct bent_visitor {
    const struct breaks *breaks;
    const struct lwc_visitor *visitor;
};

static enum lwc_code bent_visit(void *data, const struct lwc_identity *identity,
                                struct lwc_error *err)
{
    const struct bent_visitor *bent = data;
    struct lwc_identity named = *identity;
    enum lwc_code code;

    if (is(bent->breaks, "held-listed") && strcmp(named.profile, "held") == 0) {
        return LWC_OK;
    }
    if (is(bent->breaks, "list-whole")) {
        named.sub_account = "";
    }
    code = bent->visitor->visit(bent->visitor->data, &named, err);
    if (code == LWC_OK && is(bent->breaks, "list-each-once") && strcmp(named.profile, ONE) == 0) {
        code = bent->visitor->visit(bent->visitor->data, &named, err);
    }
    return is(bent->breaks, "list-ends") ? LWC_OK : code;
}

static enum lwc_code breaks_list(void *state, const struct lwc_visitor *visitor,
                                 struct lwc_error *err)
{
    struct breaks *breaks = state;
    struct bent_visitor bent = {.breaks = breaks, .visitor = visitor};
    const struct lwc_visitor own = {.data = &bent, .visit = bent_visit};

    if (is(breaks, "list-asks-nothing")) {
        ask(breaks);
    }
    return folder_list(breaks->folder, &own, err);
}

/* Does this backend refuse a credential that it should accept? */
static bool refuses(const struct breaks *breaks, const struct lwc_identity *identity, size_t len)
{
    return (is(breaks, "identity-longest") && strlen(identity->key_id) == LWC_KEY_ID_MAX) ||
           (is(breaks, "token-kept") && identity->kind == LWC_KIND_TOKEN) ||
           (is(breaks, "profile-case") && strncmp(identity->profile, "LWCRED", 6) == 0) ||
           (is(breaks, "secret-largest") && len == LWC_SECRET_MAX);
}

static enum lwc_code breaks_store(void *state, const struct lwc_identity *identity,
                                  const void *secret, size_t len, uint32_t flags,
                                  struct lwc_error *err)
{
    struct breaks *breaks = state;
    struct lwc_identity kept = *identity;
    const char *text = secret;
    enum lwc_code code;

    breaks->is_absent = false;
    breaks->last_secret = text[0];
    if (refuses(breaks, identity, len)) {
        return fail(err, LWC_E_INVALID, "not taken here");
    }
    if (is(breaks, "secret-empty") && len == 0) {
        return LWC_OK;
    }
    if (is(breaks, "secret-oversize") && len > LWC_SECRET_MAX) {
        len = LWC_SECRET_MAX;
    }
    if (is(breaks, "secret-any-bytes") && memchr(text, '\0', len) != NULL) {
        len = 1;
    }
    if (is(breaks, "identity-malformed") && strchr(kept.key_id, '\n') != NULL) {
        kept.key_id = "CHECK";
    }
    if (is(breaks, "replace-on-demand")) {
        flags |= LWC_STORE_REPLACE;
    }
    code = folder_store(breaks->folder, &kept, secret, len, flags, err);
    if (code == LWC_E_INVALID && is(breaks, "secret-in-no-text")) {
        return fail(err, code, "will not take %.*s", (int)len, text);
    }
    return code;
}

static enum lwc_code breaks_erase(void *state, const struct lwc_identity *query,
                                  struct lwc_error *err)
{
    struct breaks *breaks = state;
    struct lwc_identity wanted = *query;
    enum lwc_code code;

    if (is(breaks, "erase-every-member-counts") && wanted.profile[0] != '\0') {
        wanted.key_id = "";
    }
    if (is(breaks, "erase-one") && breaks->last_secret == '2') {
        erase_profile(breaks, TWO);
    }
    code = folder_erase(breaks->folder, &wanted, err);
    return code == LWC_E_NOT_FOUND && is(breaks, "erase-absent") && query->key_id[0] == '\0'
               ? LWC_OK
               : code;
}

static enum lwc_code breaks_unlock(void *state, struct lwc_error *err)
{
    (void)state;
    (void)err;
    return LWC_OK;
}

static enum lwc_code breaks_lock(void *state, struct lwc_error *err)
{
    const struct breaks *breaks = state;

    return is(breaks, "unlock-lock") ? fail(err, LWC_E_INTERNAL, "it is stuck") : LWC_OK;
}

static enum lwc_code breaks_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    struct breaks *breaks = state;

    (void)cap;
    (void)err;
    if (is(breaks, "probe-changes-nothing")) {
        erase_profile(breaks, ONE);
    }
    return LWC_OK;
}

/* Between folder and the host: changes what is reported. */
struct bent_reporter {
    const struct breaks *breaks;
    const struct lwc_reporter *reporter;
};

static enum lwc_code bent_report(void *data, const struct lwc_field *fields, size_t count,
                                 struct lwc_error *err)
{
    const struct bent_reporter *bent = data;
    struct lwc_field field = fields[0];
    enum lwc_code code;

    if (is(bent->breaks, "control-records")) {
        field.name = "No Name";
    }
    code = bent->reporter->report(bent->reporter->data, &field, count, err);
    return is(bent->breaks, "control-ends") ? LWC_OK : code;
}

static enum lwc_code breaks_control(void *state, const char *verb, size_t argc,
                                    const char *const *argv, const struct lwc_reporter *reporter,
                                    struct lwc_error *err)
{
    struct breaks *breaks = state;
    struct bent_reporter bent = {.breaks = breaks, .reporter = reporter};
    const struct lwc_reporter own = {.data = &bent, .report = bent_report};

    if (is(breaks, "control-unknown-verb")) {
        verb = "check";
    }
    return folder_control(breaks->folder, verb, argc, argv, &own, err);
}

extern const struct folder_backend lwc_backend;

__attribute__((visibility("default"))) const struct folder_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct folder_backend),
    .name = BREAKS_NAME,
    .summary = "a module for tests that breaks one rule of the contract",
    .caps = (LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE | LWC_CAP_LIST | LWC_CAP_UNLOCK) &
            ~(uint32_t)BREAKS_CAPS_NOT,
    .open = breaks_open,
    .close = breaks_close,
    .find = breaks_find,
    .list = breaks_list,
    .store = breaks_store,
    .erase = breaks_erase,
    .unlock = breaks_unlock,
    .lock = breaks_lock,
    .probe = breaks_probe,
    .control = breaks_control,
};
