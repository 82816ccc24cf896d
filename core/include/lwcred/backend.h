/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWCRED_BACKEND_H
#define LWCRED_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#include <lwcred/error.h>

/*
 * How to write a backend: a place where credentials live.
 *
 * A backend is a shared object NAME.so that exports exactly one symbol:
 *
 *     const struct lwc_backend lwc_backend = { .abi = LWC_BACKEND_ABI, ... };
 *
 * lwcred-backend(7) shows a whole backend; lwcred-backend-check(1) names the rules below that a
 * module breaks.
 *
 * The host reads that descriptor from the file and checks it before any code of the module runs,
 * and calls its functions only if it is the same once the module is loaded.  A backend imports no
 * symbol of liblwcred: everything it needs comes in through struct lwc_host.  Rules for all
 * functions:
 *
 *   - never print, read the terminal, exit, change signal handlers, the locale or the umask;
 *   - keep no global state: all state hangs on the pointer that open() made;
 *   - own nothing that is returned and free nothing that is received: arguments are borrowed for
 *     the call, and secrets leave only through a sink, which copies them into locked memory;
 *   - wipe every copy of a secret before the call returns;
 *   - keep four outcomes apart: LWC_OK (found), LWC_E_NOT_FOUND (I hold nothing for this query),
 *     LWC_E_LOCKED or LWC_E_DENIED (I hold it or cannot tell, and may not look), anything else
 *     (failed).  The stack acts on the difference; a wrong one can make a weaker store answer;
 *   - return the code that stands in @err->code, with one line of text in @err->msg.
 *
 * The host calls a backend from one thread at a time, never after close().
 */

#define LWC_ABI(major, minor) ((uint32_t)(major) << 16 | (uint32_t)(minor))
#define LWC_ABI_MAJOR(abi) ((uint32_t)(abi) >> 16)
#define LWC_BACKEND_ABI LWC_ABI(1, 0)

/* Limits that both sides keep; lengths in bytes without the terminating NUL. */
#define LWC_BACKEND_NAME_MAX 32 /* [a-z0-9-]                                          */
#define LWC_BACKEND_SUMMARY_MAX 255
#define LWC_BACKEND_NEEDS_MAX 255
#define LWC_PROFILE_MAX 64      /* [A-Za-z0-9][A-Za-z0-9._@-]*                        */
#define LWC_ACCOUNT_MAX 253     /* canonical host name, lower case                    */
#define LWC_ORIGIN_MAX 262      /* host[:port], lower case                            */
#define LWC_KEY_ID_MAX 256      /* printable ASCII without blank, quote and backslash */
#define LWC_SUB_ACCOUNT_MAX 128 /* the same alphabet                                  */
#define LWC_SECRET_MAX 65536
#define LWC_VERB_MAX 32 /* [a-z0-9-]                                          */
#define LWC_VERB_ARGS_MAX 16
#define LWC_VERB_ARG_MAX 4096 /* without control characters                         */
#define LWC_FIELD_NAME_MAX 32 /* [a-z0-9-]                                          */
#define LWC_FIELD_VALUE_MAX 4096
#define LWC_FIELDS_MAX 16     /* of one record                                      */
#define LWC_RECORDS_MAX 10000 /* of one control()                                   */

/*
 * Capabilities of a backend.  The host refuses a backend with an unknown bit.  Since 0.1.
 *
 * A BLOCKING backend runs in a child process, lwcred-backend-host(8), whose standard descriptors
 * are /dev/null and whose environment is short.  A call of it that takes longer than its argument
 * "timeout=DURATION" says (10 s; 2, 2s, 1m, 1h), or that crashes, is LWC_E_UNAVAILABLE, and the
 * process, with all that it started, is killed.  open() gets that argument, too, like any other.
 */
enum lwc_cap {
    LWC_CAP_READ = 1u << 0,     /* find()                                             */
    LWC_CAP_STORE = 1u << 1,    /* store()                                            */
    LWC_CAP_ERASE = 1u << 2,    /* erase()                                            */
    LWC_CAP_LIST = 1u << 3,     /* list(), without unlocking anything                 */
    LWC_CAP_UNLOCK = 1u << 4,   /* unlock() and lock()                                */
    LWC_CAP_PROMPTS = 1u << 5,  /* may call lwc_host.prompt                           */
    LWC_CAP_BLOCKING = 1u << 6, /* may wait on another process: run it in a child     */
};
#define LWC_CAPS_KNOWN 0x7fu

/*
 * Kinds of credentials.  Access keys and ready tokens answer requests for bearer tokens; the others
 * are kept, listed, and given to a query for their kind alone.  Since 0.1.
 */
enum lwc_kind {
    LWC_KIND_ANY = 0,        /* in queries only                                       */
    LWC_KIND_ACCESS_KEY = 1, /* the secret of key_id: makes tokens                    */
    LWC_KIND_TOKEN = 2,      /* a ready bearer token of unknown age                   */
    LWC_KIND_AGENT_TOKEN = 3,
    LWC_KIND_SCANNER_TOKEN = 4, /* of an integration of the inline scanner                */
    LWC_KIND_RETIRED_KEY = 5,   /* an access key that another has replaced                */
};

/* Flags of an identity.  Since 0.1. */
enum lwc_identity_flag {
    LWC_ID_ORG_ACCESS = 1u << 0, /* act on the organization: "Org-Access: true"       */
};

/*
 * Everything about a credential but its secret.  No string is NULL; "" means "not set", and in
 * a query "any".  One backend holds at most one credential for a profile.  A query's account
 * agrees with the account or with the origin of a credential; its kind may be LWC_KIND_ANY; its
 * sub_account and flags do not select.
 *
 * profile      the user's name for it.  "env" is reserved for the environment backend.
 * account      the canonical account host, e.g. "acme.lacework.net".
 * origin       host[:port] to which the secret may be sent; "" means the account itself.
 * key_id       of an access key; "" for tokens.
 * sub_account  value of the Account-Name header, or "".
 * kind         enum lwc_kind.
 * flags        enum lwc_identity_flag.
 *
 * The layout is part of ABI 1.  Since 0.1.
 */
struct lwc_identity {
    const char *profile;
    const char *account;
    const char *origin;
    const char *key_id;
    const char *sub_account;
    uint32_t kind;
    uint32_t flags;
};

/*
 * Receives a secret.  put() copies @len bytes (1 to LWC_SECRET_MAX) into locked memory; call it
 * once, then wipe your copy.  @identity is the credential that the bytes belong to, or NULL when
 * they answer a prompt.  Returns LWC_OK, or the failure that the backend must return.  Since 0.1.
 */
struct lwc_sink {
    void *data;
    enum lwc_code (*put)(void *data, const struct lwc_identity *identity, const void *bytes,
                         size_t len, struct lwc_error *err);
};

/*
 * Receives the identities of list(), one call each; borrowed for the call.  Any code but LWC_OK
 * ends the listing and must be returned by list().  Since 0.1.
 */
struct lwc_visitor {
    void *data;
    enum lwc_code (*visit)(void *data, const struct lwc_identity *identity, struct lwc_error *err);
};

/*
 * A named text in a record that control() reports.  The layout is part of ABI 1.  Since 0.1.
 *
 * name   1 to LWC_FIELD_NAME_MAX of a-z, 0-9 and '-'.
 * value  at most LWC_FIELD_VALUE_MAX bytes, may be "": UTF-8 without control characters and without
 *        characters that change the direction of text.  Never a secret.
 */
struct lwc_field {
    const char *name;
    const char *value;
};

/*
 * Receives the records of control(), one call each: 1 to LWC_FIELDS_MAX fields, no name twice;
 * borrowed for the call.  Any code but LWC_OK ends the command and must be returned by control().
 * Since 0.1.
 */
struct lwc_reporter {
    void *data;
    enum lwc_code (*report)(void *data, const struct lwc_field *fields, size_t count,
                            struct lwc_error *err);
};

/* Since 0.1. */
enum lwc_log_level { LWC_LOG_WARNING = 1, LWC_LOG_INFO = 2, LWC_LOG_TRACE = 3 };

/* Flags of lwc_host.prompt.  Since 0.1. */
enum lwc_prompt_flag {
    LWC_PROMPT_ECHO = 1u << 0,  /* show what is typed                                 */
    LWC_PROMPT_TWICE = 1u << 1, /* a new secret: ask again and compare                */
};

/*
 * Services of the host for a backend.  Check @size before using a member beyond the first minor
 * version that you need.
 *
 * log           one line for the user or the trace; never a secret.
 * prompt        asks the user @text (without colon) and puts the answer into @answer.  Returns
 *               LWC_OK; LWC_E_LOCKED if not interactive, or if the user declined.
 * setting       the value of a named setting (environment variable), or NULL.  Borrowed until
 *               close().  LWCRED_NO_PROMPT is "1" where not interactive.  Every answer of this
 *               backend depends on the setting from then on: once it changes, no cached answer is
 *               given.
 * remaining_ms  milliseconds until the call is to be over, 0 when it is; prompts not counted.  For
 *               a BLOCKING backend its "timeout=" counts, too; it is ended a moment later.
 * depends       the answer depends on the file @path (absolute, present or not): once it changes,
 *               no cached answer is given.  Call it before reading the file, in list() and find().
 * asking        reports that the user is asked elsewhere, by a window of the keyring; @text says
 *               for what.  A BLOCKING backend whose call would be ended by its own "timeout=" now
 *               has until the caller's deadline.
 *
 * Since 0.1.
 */
struct lwc_host {
    uint32_t abi;
    uint32_t size;
    void *data;
    void (*log)(void *data, enum lwc_log_level level, const char *text);
    enum lwc_code (*prompt)(void *data, const char *text, uint32_t flags,
                            const struct lwc_sink *answer, struct lwc_error *err);
    const char *(*setting)(void *data, const char *name);
    int64_t (*remaining_ms)(void *data);
    void (*depends)(void *data, const char *path);
    void (*asking)(void *data, const char *text);
    /* 1.0 ends here */
};

/* Flags of store().  Since 0.1. */
enum lwc_store_flag {
    LWC_STORE_REPLACE = 1u << 0, /* an existing profile is overwritten                */
};

/*
 * The descriptor: a constant with static storage, not made by code when the module is loaded.
 * Since 0.1.
 *
 * abi      LWC_BACKEND_ABI at build time.  Another major version is refused.
 * size     sizeof(struct lwc_backend) at build time; members beyond it count as NULL.
 * name     must equal the file's name without ".so".
 * summary  one line for people, at most LWC_BACKEND_SUMMARY_MAX bytes.
 * caps     enum lwc_cap.
 * needs    NULL, or a text of at most LWC_BACKEND_NEEDS_MAX bytes, "WHAT: WORD ...", that names
 *          requirements of the backend: "session bus: DBUS_SESSION_BUS_ADDRESS
 *          XDG_RUNTIME_DIR/bus".  Each WORD is a setting that must not be empty, or a file in the
 *          directory that a setting names; one of them is enough.  Where none is there the backend
 *          is LWC_E_UNAVAILABLE without being opened, and no process is started for it.
 */
struct lwc_backend {
    uint32_t abi;
    uint32_t size;
    const char *name;
    const char *summary;
    uint32_t caps;
    uint32_t reserved; /* 0 */

    /*
     * Mandatory.  Makes the state for one use with @argc arguments ("key=value" or "word") from
     * the stack file; unknown ones are LWC_E_INVALID.  Cheap: reads nothing that list() does
     * not need, unlocks nothing, does not prompt.  @host stays until close(), @argv only until
     * open() returns.  *state_out is untouched unless LWC_OK.
     */
    enum lwc_code (*open)(const struct lwc_host *host, size_t argc, const char *const *argv,
                          void **state_out, struct lwc_error *err);

    /* Mandatory.  Wipes and frees the state.  NULL is allowed. */
    void (*close)(void *state);

    /*
     * LWC_CAP_READ.  Puts the secret of the only credential that agrees with every set member of
     * @query into @sink.  With LWC_CAP_LIST the host asks only for identities that list() gave.
     * A backend that cannot list and finds several: LWC_E_INVALID.
     */
    enum lwc_code (*find)(void *state, const struct lwc_identity *query,
                          const struct lwc_sink *sink, struct lwc_error *err);

    /*
     * LWC_CAP_LIST.  Visits every credential held, without unlocking or prompting.  None: LWC_OK,
     * or LWC_E_NOT_FOUND with a reason for the user if nothing else answers.  Locked against
     * listing: LWC_E_LOCKED before the first visit; the host may call probe(LWC_CAP_READ), which
     * unlocks, and list() again.
     */
    enum lwc_code (*list)(void *state, const struct lwc_visitor *visitor, struct lwc_error *err);

    /*
     * LWC_CAP_STORE.  Stores @secret for @identity.  Profile taken and no LWC_STORE_REPLACE:
     * LWC_E_INVALID.  All or nothing: after a failure the store is as it was.
     */
    enum lwc_code (*store)(void *state, const struct lwc_identity *identity, const void *secret,
                           size_t len, uint32_t flags, struct lwc_error *err);

    /* LWC_CAP_ERASE.  Removes the credential that agrees with every set member of @query. */
    enum lwc_code (*erase)(void *state, const struct lwc_identity *query, struct lwc_error *err);

    /* LWC_CAP_UNLOCK.  unlock() makes secrets readable and may prompt; lock() forgets their key. */
    enum lwc_code (*unlock)(void *state, struct lwc_error *err);
    enum lwc_code (*lock)(void *state, struct lwc_error *err);

    /*
     * Optional.  Checks whether an operation of capability @cap would succeed now.  Does beforehand
     * all that can fail or prompt, such as unlocking, so that no secret is asked for in vain.
     * Changes nothing that is stored.
     */
    enum lwc_code (*probe)(void *state, uint32_t cap, struct lwc_error *err);

    const char *needs;

    /*
     * Optional.  Runs @verb, a command that only this kind of store has, such as "check"; the
     * backend's manual names its verbs, their arguments and the records that go to @reporter.  The
     * host passes on @argc arguments that are no secrets; a secret that the command needs comes by
     * lwc_host.prompt.  Unknown verb or argument: LWC_E_INVALID before anything else happens.  A
     * command that changes the store does all or nothing, and checks lwc_host.remaining_ms before it
     * begins to write.
     */
    enum lwc_code (*control)(void *state, const char *verb, size_t argc, const char *const *argv,
                             const struct lwc_reporter *reporter, struct lwc_error *err);
    /* 1.0 ends here */
};

#ifdef __cplusplus
#define LWC_BACKEND_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define LWC_BACKEND_EXPORT extern __attribute__((visibility("default")))
#endif

/* The only symbol that a backend exports, also under -fvisibility=hidden.  Since 0.1. */
LWC_BACKEND_EXPORT const struct lwc_backend lwc_backend;

#endif
