/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWCRED_H
#define LWCRED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lwcred/backend.h>
#include <lwcred/call.h>
#include <lwcred/error.h>
#include <lwcred/explain.h>
#include <lwcred/types.h>

/*
 * liblwcred: from a stored Lacework (FortiCNAPP) access key to a fresh bearer token.
 *
 *     struct lwc_error err = {0};
 *     struct lwc_context *ctx = NULL;
 *     struct lwc_token *token = NULL;
 *     struct lwc_query query = {.size = sizeof query, .profile = "prod"};
 *
 *     if (lwc_open(NULL, &ctx, &err) == LWC_OK &&
 *         lwc_token_get(ctx, &query, &token, &err) == LWC_OK)
 *         use(lwc_token_text(token));
 *     else
 *         fprintf(stderr, "%s\n", err.msg);
 *     lwc_token_free(&token);
 *     lwc_close(&ctx);
 *
 * In a program of yours, lwcred(3) in full:
 *
 * - The library never prints, exits, changes signal handlers, the umask or the locale, and starts
 *   no thread that outlives a call, but for one of the name resolver that hangs past the deadline.
 * - Threads may share a context: its calls wait for one another, no longer than their timeout_ms
 *   (then LWC_E_BUSY), but for those that find a fresh token in the cache.  Its callbacks are never
 *   called by two threads at once, and must not use the context (LWC_E_INVALID).
 * - A child of fork() opens a context of its own.  Calls with its parent's are LWC_E_INVALID,
 *   lwc_close() frees it without effect on the parent, and secrets read as zeros.
 * - A backend that may wait runs in a child process, which can outlive a call and raises SIGCHLD.
 * - libcurl obeys SSLKEYLOGFILE in the environment: a program that cannot trust its environment
 *   unsets it.
 *
 * Different contexts are independent.  Strings are UTF-8 and end in NUL.  Functions that
 * return enum lwc_code write their outputs only on LWC_OK and describe a failure in @err (which may
 * be NULL).
 */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LWC_API __attribute__((visibility("default")))
#define LWC_MUST_CHECK __attribute__((warn_unused_result))
#else
#define LWC_API
#define LWC_MUST_CHECK
#endif

/* Returns the version of the library in use, "0.1.0".  Static.  Any thread.  Since 0.1. */
LWC_API const char *lwc_version(void);

/*
 * Makes @text, an account in any form that users write ("acme", "ACME", "acme.fra",
 * "https://acme.lacework.net/ui/"), the canonical host "acme.lacework.net".
 *
 * @host_out  filled on LWC_OK.
 * Returns LWC_OK, or LWC_E_INVALID for other domains and ports, user information, and hosts of the
 * service itself.  Any thread.  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_account_parse(const char *text,
                                                       char host_out[LWC_ACCOUNT_MAX + 1],
                                                       struct lwc_error *err);

/*
 * Makes @url, "https://HOST[:PORT]" with nothing behind it, the origin "host[:port]"; port 443 is
 * left out.
 *
 * @origin_out  filled on LWC_OK.
 * Returns LWC_OK or LWC_E_INVALID.  Any thread.  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_origin_parse(const char *url,
                                                      char origin_out[LWC_ORIGIN_MAX + 1],
                                                      struct lwc_error *err);

struct lwc_context;

enum lwc_open_flag {
    LWC_OPEN_NO_PROMPT = 1u << 0,   /* never call @prompt                               */
    LWC_OPEN_NO_EXTERNAL = 1u << 1, /* load no module from LWCRED_BACKEND_DIR           */
};

/*
 * Options for lwc_open(); zero means the default.  @size is sizeof(struct lwc_options).  Since 0.1.
 *
 * service     whose stack file is read; NULL means "default".
 * config      this stack file and no other, or NULL.
 * timeout_ms  deadline of each later call in milliseconds, own prompts not counted; 0 means 60000.
 * flags       enum lwc_open_flag.
 * data        handed to the callbacks.
 * log         receives one line of text; level is enum lwc_log_level.  NULL: nothing is logged.
 * prompt      as lwc_host.prompt in lwcred/backend.h.  NULL: not interactive.
 * stack       text of a stack file, in place of a file, without include; or NULL.
 */
struct lwc_options {
    uint32_t size;
    uint32_t flags;
    const char *service;
    const char *config;
    int64_t timeout_ms;
    void *data;
    void (*log)(void *data, enum lwc_log_level level, const char *text);
    enum lwc_code (*prompt)(void *data, const char *text, uint32_t flags,
                            const struct lwc_sink *answer, struct lwc_error *err);
    const char *stack;
    /* 0.1 ends here */
};

/*
 * Makes a context: reads the stack file, loads nothing else.
 *
 * @options  borrowed for the call; NULL means all defaults.  Callbacks stay in use until close.
 * @ctx_out  owned by the caller, lwc_close().
 * Returns LWC_OK, LWC_E_INVALID (stack file, names), LWC_E_UNSAFE (its owner or mode), LWC_E_IO.
 * Any thread.  In a child of fork(), the child's own context.  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_open(const struct lwc_options *options,
                                              struct lwc_context **ctx_out, struct lwc_error *err);

/*
 * Sets one deadline for all later calls: they end @timeout_ms milliseconds from now, own prompts
 * not counted, and each after the timeout_ms of its options at the latest.  A call under way is not
 * changed.
 *
 * @timeout_ms  0: the time is over; less than 0: no such deadline, as before the first call.
 * Any thread, in callbacks as well.  Not in a child of fork().  Since 0.1.
 */
LWC_API void lwc_deadline_set(struct lwc_context *ctx, int64_t timeout_ms);

/*
 * Wipes the secrets of *ctx, frees it and sets it to NULL.  NULL is allowed.  Not while another
 * thread uses it; in a child of fork(), without effect on the parent.  Since 0.1.
 */
LWC_API void lwc_close(struct lwc_context **ctx);

struct lwc_token;

/*
 * Gets a bearer token that is fresh now: from the cache, or by an exchange, which all processes of
 * a user that want the same token share.  Call it before each use: it renews the token in time, and
 * costs microseconds while the token is fresh.
 *
 * @query      borrowed for the call; NULL sets no member.
 * @token_out  owned by the caller, lwc_token_free().
 * Returns LWC_OK; LWC_E_NOT_FOUND; LWC_E_INVALID (several credentials fit: @err lists them);
 * LWC_E_LOCKED, LWC_E_DENIED and the other failures of the stores; LWC_E_NETWORK,
 * LWC_E_REFUSED, LWC_E_RATE_LIMITED of the exchange.
 * May prompt, read files and connect.  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_token_get(struct lwc_context *ctx,
                                                   const struct lwc_query *query,
                                                   struct lwc_token **token_out,
                                                   struct lwc_error *err);

/* Wipes and frees *token and sets it to NULL.  NULL is allowed.  Since 0.1. */
LWC_API void lwc_token_free(struct lwc_token **token);

/*
 * Returns the token's text: RFC 6750 b64token, at most 16384 bytes, in locked memory.  Borrowed
 * until lwc_token_free(); zeros in a child of fork().  Any thread.  Since 0.1.
 */
LWC_API const char *lwc_token_text(const struct lwc_token *token);

/*
 * Returns when the token expires, in seconds since the epoch on this machine's clock; 0 if unknown
 * (a ready token from the environment).  Any thread.  Since 0.1.
 */
LWC_API int64_t lwc_token_expires_at(const struct lwc_token *token);

/*
 * Returns the seconds that the token had left when it was returned; 0 if unknown.  Any thread.
 * Since 0.1.
 */
LWC_API int64_t lwc_token_expires_in(const struct lwc_token *token);

/*
 * Returns the identity of the token's credential.  Borrowed until lwc_token_free().  Any thread.
 * Since 0.1.
 */
LWC_API const struct lwc_identity *lwc_token_identity(const struct lwc_token *token);

/*
 * Returns the name of the backend that held the credential.  Borrowed until lwc_token_free().  Any
 * thread.  Since 0.1.
 */
LWC_API const char *lwc_token_source(const struct lwc_token *token);

/*
 * Forgets cached tokens: @token alone (@len bytes), or with NULL all tokens of @account, a host as
 * in struct lwc_query, or those of @key_id among them.  The next lwc_token_get() exchanges.
 *
 * @account, @key_id  NULL means "not set"; without @token one of them must be set.
 * Returns LWC_OK, also if nothing was cached; LWC_E_INVALID; LWC_E_BUSY.  Any thread; not in a
 * child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_token_forget(struct lwc_context *ctx, const char *account,
                                                      const char *key_id, const char *token,
                                                      size_t len, struct lwc_error *err);

/*
 * Calls the API: one HTTPS request with the credential's token, from the cache or new as by
 * lwc_token_get(), to the origin that is stored with the credential and no other.  Bodies of any
 * size pass through in constant memory; redirects are not followed.
 *
 * A token that the API does not accept (status 401) is forgotten, and the call made once more with
 * a new one, unless the credential is a ready token, or the body cannot be read again: then the
 * failure says so.  Of a reply that the library asks for again no callback sees anything.
 *
 * @call       borrowed for the call, see struct lwc_call.
 * @reply_out  filled in any case; the program sets its size.  May be NULL.
 * Returns LWC_OK for a whole reply of status 200 to 299.  Otherwise LWC_E_INVALID (a malformed call;
 * nothing was sent); the failures of lwc_token_get(); LWC_E_NETWORK (no connection, no whole reply,
 * a redirect, status 5xx): bytes that write() received are the first of the body; LWC_E_REFUSED
 * (any other status 4xx), with the API's message; LWC_E_RATE_LIMITED (429) with err->wait_s; the
 * code of a callback.
 * May prompt, read files and connect.  The token, and each request, may take the timeout_ms of the
 * options, all together the time of lwc_deadline_set(); time in callbacks counts.  Any thread:
 * requests of several threads with one context do not wait for each other.  Not in a child of
 * fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_call(struct lwc_context *ctx, const struct lwc_call *call,
                                              struct lwc_call_reply *reply_out,
                                              struct lwc_error *err);

/*
 * Receives each cached token: its identity, the seconds until it expires, and its place ("keyring",
 * "runtime", "sealed").  Borrowed for the call.  Since 0.1.
 */
typedef void lwc_cached_fn(void *data, const struct lwc_identity *identity, int64_t expires_in,
                           const char *place);

/*
 * Visits the cached tokens that have not expired and removes the others; of those sealed on disk,
 * only the ones of the environment's key.  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API void lwc_cached_list(struct lwc_context *ctx, lwc_cached_fn *visit, void *data);

/*
 * Removes everything that is cached, in every place, and returns the number of entries.  Any
 * thread; not in a child of fork().  Since 0.1.
 */
LWC_API size_t lwc_cached_clear(struct lwc_context *ctx);

/*
 * Proves an access key by one exchange.  Its token is kept in the context, in locked memory, until
 * lwc_key_store() stores that very key and caches the token, or until lwc_close().
 *
 * @identity, @secret  borrowed for the call.  The secret goes to @identity's origin only.
 * Returns LWC_OK; LWC_E_INVALID (a malformed key); LWC_E_REFUSED; the network's failures.
 * Connects.  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_key_prove(struct lwc_context *ctx,
                                                   const struct lwc_identity *identity,
                                                   const void *secret, size_t len,
                                                   struct lwc_error *err);

/*
 * Checks whether lwc_key_store() would work, and unlocks the store, so that no secret is asked for
 * in vain.
 *
 * @identity     the identity to be stored; only its profile counts here.
 * @backend      name of one backend, or NULL: as the stack's store lines say.
 * @flags        enum lwc_store_flag; without LWC_STORE_REPLACE a taken profile is LWC_E_INVALID.
 * @backend_out  the backend that would take it.
 * Returns LWC_OK or the store's failure.  May prompt.  Any thread; not in a child of fork().  Since
 * 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_key_probe(struct lwc_context *ctx,
                                                   const struct lwc_identity *identity,
                                                   const char *backend, uint32_t flags,
                                                   char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                                   struct lwc_error *err);

/*
 * Stores an access key, or an agent or scanner token.  A profile that a backend holds already stays in that backend.
 *
 * @identity, @secret  borrowed; validated: names, account, key id, printable secret.
 * @backend, @flags, @backend_out  as for lwc_key_probe().
 * Returns LWC_OK, LWC_E_INVALID (malformed, or profile taken), or the store's failure, after which
 * nothing has changed.  May prompt.  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_key_store(struct lwc_context *ctx,
                                                   const struct lwc_identity *identity,
                                                   const void *secret, size_t len,
                                                   const char *backend, uint32_t flags,
                                                   char backend_out[LWC_BACKEND_NAME_MAX + 1],
                                                   struct lwc_error *err);

/*
 * Checks whether the credential of that profile is this one, secret included.
 *
 * @identity, @secret  borrowed.
 * @backend      a backend that a store line names, or NULL: the one that holds the profile.
 * @backend_out  the backend that holds it.
 * Returns LWC_OK if it is; LWC_E_INVALID if another key has the profile; LWC_E_NOT_FOUND; or the
 * store's failure.  May prompt.  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_key_compare(
    struct lwc_context *ctx, const struct lwc_identity *identity, const void *secret, size_t len,
    const char *backend, char backend_out[LWC_BACKEND_NAME_MAX + 1], struct lwc_error *err);

enum lwc_copy_flag {
    LWC_COPY_REPLACE = 1u << 0, /* another key of the new profile is overwritten                */
    LWC_COPY_PROVE = 1u << 1,   /* exchange the key before it is stored, or removed             */
    LWC_COPY_RESUME = 1u << 2,  /* the same key under the new profile counts as copied          */
    LWC_COPY_REMOVE = 1u << 3,  /* remove it where it was, once the copy has been read back     */
    LWC_COPY_RETIRE = 1u << 4,  /* the copy of an access key is of kind LWC_KIND_RETIRED_KEY    */
};

/*
 * A copy of a stored credential.  @size is sizeof(struct lwc_copy).  Since 0.1.
 *
 * flags        enum lwc_copy_flag.
 * profile      the credential's profile.
 * backend      that holds it, of a lookup line; NULL: the first that answers.
 * new_profile  of the copy; NULL: the same.
 * new_backend  of the copy, of a store line; NULL: within one context the backend that holds the
 *              credential, else as for lwc_key_store().
 *
 * Filled on LWC_OK, and as far as the call came:
 *
 * was_there    the copy was there already, whole (LWC_COPY_RESUME).
 * is_stored    the copy is there, or may be after LWC_E_IO.
 * is_removed   the credential was removed where it was.
 * from, to     names of the backends.
 */
struct lwc_copy {
    uint32_t size;
    uint32_t flags;
    const char *profile;
    const char *backend;
    const char *new_profile;
    const char *new_backend;
    bool was_there;
    bool is_stored;
    bool is_removed;
    char from[LWC_BACKEND_NAME_MAX + 1];
    char to[LWC_BACKEND_NAME_MAX + 1];
    /* 0.1 ends here */
};

/*
 * Copies an access key or an agent token to another profile or backend; the secret does not leave
 * the library.  The copy is read back and compared before anything is removed, so that the
 * credential is in at least one place at any moment; a call that was interrupted is finished by the
 * same call with LWC_COPY_RESUME.
 *
 * @from  context that holds the credential.
 * @to    context of the copy; may be @from.
 * Returns LWC_OK; LWC_E_NOT_FOUND; LWC_E_INVALID (a ready token, the new profile is taken);
 * LWC_E_FAILED if the new backend gives back something else; failures of the stores and of the
 * exchange.  May prompt and connect.  Any thread, but two contexts not in both orders at once; not
 * in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_key_copy(struct lwc_context *from, struct lwc_context *to,
                                                  struct lwc_copy *copy, struct lwc_error *err);

/*
 * Tries whether the API takes a stored access key, or a retired one: exchanges it once, past the
 * cache and remembered failures, and drops the token.
 *
 * @profile  the credential's profile.
 * Returns LWC_OK if the API takes it; LWC_E_REFUSED if not; LWC_E_NOT_FOUND; LWC_E_INVALID for
 * another kind; failures of the stores and of the network.  May prompt; connects.  Any thread; not
 * in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_key_try(struct lwc_context *ctx, const char *profile,
                                                 struct lwc_error *err);

/*
 * Reads a stored agent or scanner token, which no other function gives: it is never sent anywhere.
 *
 * @profile  under which lwc_key_store() stored it.
 * @kind     LWC_KIND_AGENT_TOKEN or LWC_KIND_SCANNER_TOKEN.
 * @token    receives it, with its identity; borrowed for the call.
 * Returns LWC_OK; LWC_E_NOT_FOUND; LWC_E_INVALID for another kind; the store's failures.  May
 * prompt.  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_kept_token_get(struct lwc_context *ctx,
                                                        const char *profile, uint32_t kind,
                                                        const struct lwc_sink *token,
                                                        struct lwc_error *err);

/*
 * Removes a stored credential from every backend of the stack's erase lines that holds it.
 *
 * @query        must set the profile or the key id, and may set the account.
 * @secret       if not NULL, remove the credential only if this is its secret (compared in constant
 *               time); otherwise LWC_E_NOT_FOUND.
 * @backend      search this backend only, or NULL: all.
 * @visit        receives each backend that held the credential or may hold it; may be NULL.
 * Returns LWC_OK if it was removed and no backend may hold it still; LWC_E_NOT_FOUND; LWC_E_INVALID
 * (an empty query, several fit).  A backend that could not be asked is LWC_E_UNAVAILABLE or its own
 * failure, which comes first, after all others were asked.  May prompt.  Any thread; not in a child
 * of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_key_remove(struct lwc_context *ctx,
                                                    const struct lwc_query *query,
                                                    const void *secret, size_t len,
                                                    const char *backend, lwc_removed_fn *visit,
                                                    void *data, struct lwc_error *err);

/*
 * Receives each credential, and the name of the @backend that holds it.  Both borrowed for the
 * call.  Any code but LWC_OK ends the listing and is returned by lwc_list().  Since 0.1.
 */
typedef enum lwc_code lwc_list_fn(void *data, const struct lwc_identity *identity,
                                  const char *backend, struct lwc_error *err);

/*
 * Lists the credentials of all lookup lines, in their order; unlocks nothing and does not prompt.
 * Logs a warning for each backend that could not be asked or cannot list, except the returned
 * failure.
 *
 * @query  filter by profile and account, or NULL.
 * Returns LWC_OK (also for none), or, after all the others have been listed, the first failure of
 * a backend; LWC_E_UNAVAILABLE if all stores are absent, or a store that the stack's control does
 * not pass over.  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_list(struct lwc_context *ctx,
                                              const struct lwc_query *query, lwc_list_fn *visit,
                                              void *data, struct lwc_error *err);

/*
 * Receives each backend that the stack names.  @backend is NULL if it could not be loaded; @why
 * then gives the reason.  All borrowed for the call.  Since 0.1.
 */
typedef void lwc_backends_fn(void *data, const char *name, const struct lwc_backend *backend,
                             const struct lwc_error *why);

/* Visits the backends of the stack in force.  Any thread; not in a child of fork().  Since 0.1. */
LWC_API void lwc_backends(struct lwc_context *ctx, lwc_backends_fn *visit, void *data);

/*
 * Returns the name of the stack file in force, as it was found, or "built-in".  Borrowed until
 * lwc_close().  Any thread.  Since 0.1.
 */
LWC_API const char *lwc_config_source(const struct lwc_context *ctx);

/*
 * A line of the stack in force, includes flattened.  @size, as in the other structs that the
 * library fills, is the size that the library knows.  Since 0.1.
 *
 * file, line  the place of the line, counted from 1.
 * text        the line in the words of a stack file, its control as a bracketed list.
 * operation   "lookup", "store", "erase", or "set" for a setting.
 * control     the bracketed list; NULL for a setting.
 * name        of the backend, or of the setting.
 * argc, argv  arguments, or the setting's value.
 */
struct lwc_config_line {
    uint32_t size;
    const char *file;
    unsigned line;
    const char *text;
    const char *operation;
    const char *control;
    const char *name;
    size_t argc;
    const char *const *argv;
    /* 0.1 ends here */
};

/* Receives each line, settings first; borrowed for the call.  Since 0.1. */
typedef void lwc_config_line_fn(void *data, const struct lwc_config_line *line);

/*
 * Visits the lines of the stack in force.  The texts together are a stack file with the same
 * meaning.
 *
 * Returns LWC_OK or LWC_E_IO (out of memory).  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_config_lines(struct lwc_context *ctx,
                                                      lwc_config_line_fn *visit, void *data,
                                                      struct lwc_error *err);

/*
 * A finding about a stack file.
 *
 * is_fault  true: the file cannot be used; false: it can, but a part of it has no effect.
 * column    from 1, in bytes.
 * what      text and hint; does not name the place.
 *
 * Since 0.1.
 */
struct lwc_config_finding {
    uint32_t size;
    bool is_fault;
    const char *file;
    unsigned line;
    unsigned column;
    const struct lwc_error *what;
    /* 0.1 ends here */
};

/* Receives each finding; borrowed for the call.  Since 0.1. */
typedef void lwc_config_finding_fn(void *data, const struct lwc_config_finding *finding);

/*
 * Checks the stack file that lwc_open() with @options would read, and those that it includes.
 * Reports all faults; in a file without, lines that have no effect, backends that cannot do what
 * the stack names them for, and, as faults, arguments that backends refuse.  Loads and opens the
 * backends, those that may block in their host, and asks them for nothing.
 *
 * Returns LWC_OK if the file can be used; otherwise the code of the first fault, or of the
 * failure to read the file.  Any thread.  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_config_check(const struct lwc_options *options,
                                                      lwc_config_finding_fn *visit, void *data,
                                                      struct lwc_error *err);

/*
 * Explains how lwc_token_get() for @query would come to its answer, without unlocking, revealing or
 * prompting: backends are asked only which credentials they hold.  Whether a store could be opened
 * when it is needed stays unknown.
 *
 * answer() is called last, once, if there is an answer.
 * Returns LWC_OK, or the code with which lwc_token_get() would fail.  Reads files, does not prompt
 * or connect to the API.  Any thread; not in a child of fork().  Since 0.1.
 */
LWC_API LWC_MUST_CHECK enum lwc_code lwc_explain(struct lwc_context *ctx,
                                                 const struct lwc_query *query,
                                                 const struct lwc_explain_visitor *visitor,
                                                 struct lwc_error *err);

#ifdef __cplusplus
}
#endif

#endif
