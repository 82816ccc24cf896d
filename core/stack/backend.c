/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/backend.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/verb.h"
#include "module/module.h"
#include "module/needs.h"

#define WARN_AGAIN_MS 60000

/*
 * States:
 *   tried is false          new, or loading failed for a passing reason
 *   tried, why.code set     cannot be loaded
 *   tried, why.code LWC_OK  loaded
 *   state_open              loaded and open
 * client is set if the backend may block: its functions then call the client.
 */
struct lwc_stack_backend {
    const struct lwc_conf_line *line;
    const struct lwc_host *host;
    bool external;
    bool tried;
    bool state_open;
    pid_t owner; /* the process that opened the state */
    void *state;
    struct lwc_descriptor descriptor;
    struct lwc_client *client;
    struct lwc_error why;
    char warned[LWC_ERROR_MSG_LEN]; /* the last warning, logged at warned_ms */
    int64_t warned_ms;
};

/* Receives what a backend lists or finds, and checks it. */
struct receiver {
    struct lwc_stack_backend *backend;
    const struct lwc_identity *query;
    struct lwc_identity_copy *identity;
    struct lwc_buf *secret;
    const struct lwc_visitor *visitor;
    const struct lwc_reporter *reporter;
    size_t reported;
};

struct lwc_stack_backend *lwc_backend_new(const struct lwc_conf_line *line,
                                          const struct lwc_host *host, bool external)
{
    struct lwc_stack_backend *backend = calloc(1, sizeof *backend);

    if (backend != NULL) {
        backend->line = line;
        backend->host = host;
        backend->external = external;
    }
    return backend;
}

void lwc_backend_free(struct lwc_stack_backend **backend)
{
    if (backend == NULL || *backend == NULL) {
        return;
    }
    if ((*backend)->state_open &&
        (*backend)->owner == getpid()) { /* a fork() leaves the parent's state alone */
        (*backend)->descriptor.backend.close((*backend)->state);
    }
    lwc_client_free(&(*backend)->client);
    free(*backend);
    *backend = NULL;
}

bool lwc_backend_is_for_line(const struct lwc_stack_backend *backend,
                             const struct lwc_conf_line *line)
{
    if (!lwc_streq(backend->line->backend, line->backend) || backend->line->argc != line->argc) {
        return false;
    }
    for (size_t i = 0; i < line->argc; i++) {
        if (!lwc_streq(backend->line->argv[i], line->argv[i])) {
            return false;
        }
    }
    return true;
}

const char *lwc_backend_name(const struct lwc_stack_backend *backend)
{
    return backend->line->backend;
}

struct lwc_client *lwc_backend_new_client(const struct lwc_backend *descriptor, bool external,
                                          const struct lwc_host *host, size_t argc,
                                          const char *const *argv)
{
    char print[LWC_HASH_HEX_LEN];
    const struct lwc_client_module module = {.backend = descriptor,
                                             .print = print,
                                             .external_dir =
                                                 external ? lwc_module_external_dir : NULL,
                                             .locate = lwc_module_path};

    lwc_descriptor_hash(descriptor, print);
    return lwc_client_new(&module, host, argc, argv);
}

static enum lwc_code load_backend(struct lwc_stack_backend *backend, struct lwc_error *err)
{
    enum lwc_code code =
        lwc_module_use(backend->line->backend, backend->external, &backend->descriptor, err);

    if (code != LWC_OK || (backend->descriptor.backend.caps & LWC_CAP_BLOCKING) == 0) {
        return code;
    }
    backend->client =
        lwc_backend_new_client(&backend->descriptor.backend, backend->external, backend->host,
                               backend->line->argc, (const char *const *)backend->line->argv);
    if (backend->client == NULL) {
        return lwc_fail_nomem(err);
    }
    lwc_client_proxy(&backend->descriptor.backend);
    return LWC_OK;
}

const struct lwc_backend *lwc_backend_descriptor(struct lwc_stack_backend *backend,
                                                 const struct lwc_error **why_out)
{
    if (!backend->tried) {
        enum lwc_code code = load_backend(backend, &backend->why);

        backend->why.code = code;
        backend->tried = code == LWC_OK || !lwc_error_is_passing(&backend->why);
    }
    if (why_out != NULL) {
        *why_out = &backend->why;
    }
    return backend->why.code == LWC_OK ? &backend->descriptor.backend : NULL;
}

bool lwc_backend_is_loaded(struct lwc_stack_backend *backend)
{
    return lwc_backend_descriptor(backend, NULL) != NULL;
}

void lwc_backend_warn(struct lwc_stack_backend *backend, const char *fmt, ...)
{
    const int64_t now_ms = lwc_clock_boot_ms(lwc_clock_system());
    char text[LWC_ERROR_MSG_LEN];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (lwc_streq(backend->warned, text) && now_ms - backend->warned_ms < WARN_AGAIN_MS) {
        return;
    }
    memcpy(backend->warned, text, sizeof text);
    backend->warned_ms = now_ms;
    backend->host->log(backend->host->data, LWC_LOG_WARNING, text);
}

bool lwc_backend_can(struct lwc_stack_backend *backend, uint32_t caps)
{
    const struct lwc_backend *descriptor = lwc_backend_descriptor(backend, NULL);

    return descriptor != NULL && (descriptor->caps & caps) == caps;
}

/* Completes a failure that lacks a known code or a text. */
static enum lwc_code complete_failure(struct lwc_stack_backend *backend, enum lwc_code code,
                                      struct lwc_error *err)
{
    if (code == LWC_OK || code == LWC_E_NOT_FOUND) {
        return code;
    }
    if ((unsigned)code > (unsigned)LWC_E_FAILED) {
        return lwc_fail(err, LWC_E_INTERNAL, "backend '%s' answered with the unknown code %d",
                        lwc_backend_name(backend), (int)code);
    }
    if (err != NULL && (err->code != code || err->msg[0] == '\0')) {
        return lwc_fail(err, code, "backend '%s' gave no reason (%s)", lwc_backend_name(backend),
                        lwc_code_name(code));
    }
    return code;
}

/* Puts the name of the backend that refused its arguments in front, unless @why has it. */
static enum lwc_code add_backend_name(const struct lwc_stack_backend *backend,
                                      struct lwc_error *why)
{
    char name[LWC_BACKEND_NAME_MAX + sizeof "backend ''"];

    (void)snprintf(name, sizeof name, "backend '%s'", lwc_backend_name(backend));
    if (strncmp(why->msg, name, strlen(name)) != 0) {
        return lwc_wrap(why, why->code, "%s", name);
    }
    return why->code;
}

static enum lwc_code add_line_name(const struct lwc_stack_backend *backend, enum lwc_code code,
                                   struct lwc_error *err)
{
    const struct lwc_conf_place *where = &backend->line->where;

    if (code != LWC_E_INVALID || where->file == NULL || lwc_streq(where->file, "built-in")) {
        return code;
    }
    return lwc_wrap(err, code, "%s:%u", where->file, where->line);
}

static enum lwc_code open_state(struct lwc_stack_backend *backend, struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code;

    if (backend->client != NULL) {
        backend->state = backend->client;
        code = lwc_client_open(backend->client, &why);
    } else {
        code = backend->descriptor.backend.open(backend->host, backend->line->argc,
                                                (const char *const *)backend->line->argv,
                                                &backend->state, &why);
    }
    backend->state_open = code == LWC_OK;
    backend->owner = getpid();
    code = complete_failure(backend, code, &why);
    if (code == LWC_E_INVALID) {
        code = add_backend_name(backend, &why);
    }
    return lwc_error_pass(err, code, &why);
}

enum lwc_code lwc_backend_try(struct lwc_stack_backend *backend, struct lwc_error *err)
{
    if (lwc_backend_descriptor(backend, NULL) == NULL) {
        return lwc_error_pass(err, backend->why.code, &backend->why);
    }
    return backend->state_open ? LWC_OK : open_state(backend, err);
}

static enum lwc_code open_backend(struct lwc_stack_backend *backend, uint32_t caps,
                                  const char *what, struct lwc_error *err)
{
    enum lwc_code code;

    if (lwc_backend_descriptor(backend, NULL) == NULL) {
        return lwc_error_pass(err, backend->why.code, &backend->why);
    }
    if ((backend->descriptor.backend.caps & caps) != caps) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' cannot %s", lwc_backend_name(backend),
                        what);
    }
    if (backend->state_open) {
        return LWC_OK;
    }
    code = lwc_needs_check(&backend->descriptor.backend, backend->host, err);
    return code == LWC_OK ? add_line_name(backend, open_state(backend, err), err) : code;
}

static enum lwc_code fail_malformed(const struct receiver *receiver, enum lwc_code code,
                                    struct lwc_error *err)
{
    return lwc_wrap(err, code, "backend '%s' holds a malformed credential",
                    lwc_backend_name(receiver->backend));
}

static enum lwc_code receive_listed(void *data, const struct lwc_identity *identity,
                                    struct lwc_error *err)
{
    const struct receiver *receiver = data;
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code != LWC_OK) {
        return fail_malformed(receiver, code, err);
    }
    return receiver->visitor->visit(receiver->visitor->data, identity, err);
}

enum lwc_code lwc_backend_list(struct lwc_stack_backend *backend, const struct lwc_visitor *visitor,
                               struct lwc_error *err)
{
    struct receiver receiver = {.backend = backend, .visitor = visitor};
    const struct lwc_visitor checking = {.data = &receiver, .visit = receive_listed};
    enum lwc_code code = open_backend(backend, 0, "be opened", err);

    if (code != LWC_OK || (backend->descriptor.backend.caps & LWC_CAP_LIST) == 0) {
        return code;
    }
    return complete_failure(backend,
                            backend->descriptor.backend.list(backend->state, &checking, err), err);
}

static enum lwc_code receive_found(void *data, const struct lwc_identity *identity,
                                   const void *bytes, size_t len, struct lwc_error *err)
{
    struct receiver *receiver = data;
    struct lwc_sink sink;
    enum lwc_code code;

    if (identity == NULL || receiver->secret != NULL) {
        return lwc_fail(err, LWC_E_INTERNAL, "backend '%s' broke the rules of its sink",
                        lwc_backend_name(receiver->backend));
    }
    code = lwc_identity_copy(identity, receiver->identity, err);
    if (code != LWC_OK) {
        return fail_malformed(receiver, code, err);
    }
    if (!lwc_identity_matches(receiver->query, identity)) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' answered with another credential",
                        lwc_backend_name(receiver->backend));
    }
    lwc_buf_sink(&receiver->secret, &sink);
    return sink.put(sink.data, NULL, bytes, len, err);
}

enum lwc_code lwc_backend_find(struct lwc_stack_backend *backend, const struct lwc_identity *query,
                               struct lwc_identity_copy *identity_out, struct lwc_buf **secret_out,
                               struct lwc_error *err)
{
    struct receiver receiver = {.backend = backend, .query = query, .identity = identity_out};
    const struct lwc_sink sink = {.data = &receiver, .put = receive_found};
    enum lwc_code code = open_backend(backend, LWC_CAP_READ, "be read", err);

    if (code != LWC_OK) {
        return code;
    }
    code = complete_failure(
        backend, backend->descriptor.backend.find(backend->state, query, &sink, err), err);
    if (code == LWC_OK && receiver.secret == NULL) {
        code = lwc_fail(err, LWC_E_INTERNAL, "backend '%s' found a credential and did not give it",
                        lwc_backend_name(backend));
    }
    if (code != LWC_OK) {
        lwc_buf_free(&receiver.secret);
        return code;
    }
    *secret_out = receiver.secret;
    return LWC_OK;
}

static const char *get_verb(uint32_t cap)
{
    switch (cap) {
    case LWC_CAP_STORE:
        return "store";
    case LWC_CAP_ERASE:
        return "erase";
    default:
        return "be read";
    }
}

enum lwc_code lwc_backend_probe(struct lwc_stack_backend *backend, uint32_t cap,
                                struct lwc_error *err)
{
    enum lwc_code code = open_backend(backend, cap, get_verb(cap), err);

    if (code != LWC_OK || backend->descriptor.backend.probe == NULL) {
        return code;
    }
    return complete_failure(backend, backend->descriptor.backend.probe(backend->state, cap, err),
                            err);
}

enum lwc_code lwc_backend_store(struct lwc_stack_backend *backend,
                                const struct lwc_identity *identity, const void *secret, size_t len,
                                uint32_t flags, struct lwc_error *err)
{
    enum lwc_code code = open_backend(backend, LWC_CAP_STORE, "store", err);

    if (code != LWC_OK) {
        return code;
    }
    return complete_failure(
        backend,
        backend->descriptor.backend.store(backend->state, identity, secret, len, flags, err), err);
}

enum lwc_code lwc_backend_erase(struct lwc_stack_backend *backend, const struct lwc_identity *query,
                                struct lwc_error *err)
{
    enum lwc_code code = open_backend(backend, LWC_CAP_ERASE, "erase", err);

    if (code != LWC_OK) {
        return code;
    }
    return complete_failure(backend, backend->descriptor.backend.erase(backend->state, query, err),
                            err);
}

static enum lwc_code receive_record(void *data, const struct lwc_field *fields, size_t count,
                                    struct lwc_error *err)
{
    struct receiver *receiver = data;
    const char *name = lwc_backend_name(receiver->backend);
    enum lwc_code code = lwc_record_check(fields, count, err);

    if (code != LWC_OK) {
        return lwc_wrap(err, code, "backend '%s' reports", name);
    }
    if (++receiver->reported > LWC_RECORDS_MAX) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' reports more than %d records", name,
                        LWC_RECORDS_MAX);
    }
    return receiver->reporter->report(receiver->reporter->data, fields, count, err);
}

enum lwc_code lwc_backend_control(struct lwc_stack_backend *backend, const char *verb, size_t argc,
                                  const char *const *argv, const struct lwc_reporter *reporter,
                                  struct lwc_error *err)
{
    struct receiver receiver = {.backend = backend, .reporter = reporter};
    const struct lwc_reporter checking = {.data = &receiver, .report = receive_record};
    enum lwc_code code = lwc_verb_check(verb, argc, argv, err);

    if (code == LWC_OK && lwc_backend_descriptor(backend, NULL) == NULL) {
        return lwc_error_pass(err, backend->why.code, &backend->why);
    }
    if (code == LWC_OK && backend->descriptor.backend.control == NULL) {
        return lwc_verb_unknown(lwc_backend_name(backend), verb, err);
    }
    if (code == LWC_OK) {
        code = open_backend(backend, 0, "be opened", err);
    }
    if (code != LWC_OK) {
        return code;
    }
    code = backend->descriptor.backend.control(backend->state, verb, argc, argv, &checking, err);
    return complete_failure(backend, code, err);
}

enum lwc_code lwc_backend_list_unlocked(struct lwc_stack_backend *backend,
                                        const struct lwc_visitor *visitor, struct lwc_error *err)
{
    enum lwc_code code = lwc_backend_list(backend, visitor, err);

    if (code == LWC_E_LOCKED) {
        code = lwc_backend_probe(backend, LWC_CAP_READ, err);
        code = code == LWC_OK ? lwc_backend_list(backend, visitor, err) : code;
    }
    return code;
}
