/* SPDX-License-Identifier: Apache-2.0 */
#include "stack/backend.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "module/module.h"
#include "module/needs.h"
#include "remote/client.h"

#define WARN_AGAIN_MS 60000

/*
 * States: new, or failed for a reason of the moment (tried is false); bad (tried, why.code set);
 * loaded (tried, no state yet); open (state_open).  hosted is set, and the functions of the backend
 * ask it, if that may block.
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
    struct lwc_client *hosted;
    struct lwc_error why;
    char warned[LWC_ERROR_MSG_LEN]; /* the last warning, logged at warned_ms */
    int64_t warned_ms;
};

/* Receives from a backend, and judges. */
struct receiver {
    struct lwc_stack_backend *unit;
    const struct lwc_identity *query;
    struct lwc_identity_copy *identity;
    struct lwc_buf *secret;
    const struct lwc_visitor *visitor;
};

struct lwc_stack_backend *lwc_backend_new(const struct lwc_conf_line *line,
                                          const struct lwc_host *host, bool external)
{
    struct lwc_stack_backend *unit = calloc(1, sizeof *unit);

    if (unit != NULL) {
        unit->line = line;
        unit->host = host;
        unit->external = external;
    }
    return unit;
}

void lwc_backend_free(struct lwc_stack_backend **unit)
{
    if (unit == NULL || *unit == NULL) {
        return;
    }
    if ((*unit)->state_open && (*unit)->owner == getpid()) { /* the parent's state is its own */
        (*unit)->descriptor.backend.close((*unit)->state);
    }
    lwc_client_free(&(*unit)->hosted);
    free(*unit);
    *unit = NULL;
}

bool lwc_backend_serves(const struct lwc_stack_backend *unit, const struct lwc_conf_line *line)
{
    if (!lwc_streq(unit->line->backend, line->backend) || unit->line->argc != line->argc) {
        return false;
    }
    for (size_t i = 0; i < line->argc; i++) {
        if (!lwc_streq(unit->line->argv[i], line->argv[i])) {
            return false;
        }
    }
    return true;
}

const char *lwc_backend_name(const struct lwc_stack_backend *unit)
{
    return unit->line->backend;
}

static enum lwc_code unit_load(struct lwc_stack_backend *unit, struct lwc_error *err)
{
    enum lwc_code code =
        lwc_module_use(unit->line->backend, unit->external, &unit->descriptor, err);

    if (code != LWC_OK || (unit->descriptor.backend.caps & LWC_CAP_BLOCKING) == 0) {
        return code;
    }
    unit->hosted = lwc_client_new(&unit->descriptor.backend, unit->external, unit->host,
                                  unit->line->argc, (const char *const *)unit->line->argv);
    if (unit->hosted == NULL) {
        return lwc_fail_nomem(err);
    }
    lwc_client_proxy(&unit->descriptor.backend);
    return LWC_OK;
}

const struct lwc_backend *lwc_backend_backend(struct lwc_stack_backend *unit,
                                              const struct lwc_error **why_out)
{
    if (!unit->tried) {
        enum lwc_code code = unit_load(unit, &unit->why);

        unit->why.code = code;
        unit->tried = code == LWC_OK || !lwc_error_is_passing(&unit->why);
    }
    if (why_out != NULL) {
        *why_out = &unit->why;
    }
    return unit->why.code == LWC_OK ? &unit->descriptor.backend : NULL;
}

bool lwc_backend_is_loaded(struct lwc_stack_backend *unit)
{
    return lwc_backend_backend(unit, NULL) != NULL;
}

void lwc_backend_warn(struct lwc_stack_backend *unit, const char *fmt, ...)
{
    const int64_t now_ms = lwc_clock_boot_ms(lwc_clock_system());
    char text[LWC_ERROR_MSG_LEN];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (lwc_streq(unit->warned, text) && now_ms - unit->warned_ms < WARN_AGAIN_MS) {
        return;
    }
    memcpy(unit->warned, text, sizeof text);
    unit->warned_ms = now_ms;
    unit->host->log(unit->host->data, LWC_LOG_WARNING, text);
}

bool lwc_backend_can(struct lwc_stack_backend *unit, uint32_t caps)
{
    const struct lwc_backend *backend = lwc_backend_backend(unit, NULL);

    return backend != NULL && (backend->caps & caps) == caps;
}

/* A backend that fails must say so in full; one that does not is described by us. */
static enum lwc_code checked(struct lwc_stack_backend *unit, enum lwc_code code,
                             struct lwc_error *err)
{
    if (code == LWC_OK || code == LWC_E_NOT_FOUND) {
        return code;
    }
    if ((unsigned)code > (unsigned)LWC_E_FAILED) {
        return lwc_fail(err, LWC_E_INTERNAL, "backend '%s' answered with the unknown code %d",
                        lwc_backend_name(unit), (int)code);
    }
    if (err != NULL && (err->code != code || err->msg[0] == '\0')) {
        return lwc_fail(err, code, "backend '%s' gave no reason (%s)", lwc_backend_name(unit),
                        lwc_code_name(code));
    }
    return code;
}

static enum lwc_code pass_on(const struct lwc_error *why, struct lwc_error *err)
{
    if (err != NULL) {
        *err = *why;
    }
    return why->code;
}

/* Names the backend that refused its arguments, unless @why does. */
static enum lwc_code name_refused(const struct lwc_stack_backend *unit, struct lwc_error *why)
{
    char name[LWC_BACKEND_NAME_MAX + sizeof "backend ''"];

    (void)snprintf(name, sizeof name, "backend '%s'", lwc_backend_name(unit));
    if (strncmp(why->msg, name, strlen(name)) != 0) {
        return lwc_wrap(why, why->code, "%s", name);
    }
    return why->code;
}

static enum lwc_code name_line(const struct lwc_stack_backend *unit, enum lwc_code code,
                               struct lwc_error *err)
{
    const struct lwc_conf_place *where = &unit->line->where;

    if (code != LWC_E_INVALID || where->file == NULL || lwc_streq(where->file, "built-in")) {
        return code;
    }
    return lwc_wrap(err, code, "%s:%u", where->file, where->line);
}

static enum lwc_code open_state(struct lwc_stack_backend *unit, struct lwc_error *err)
{
    struct lwc_error why = {0};
    enum lwc_code code;

    if (unit->hosted != NULL) {
        unit->state = unit->hosted;
        code = lwc_client_open(unit->hosted, &why);
    } else {
        code = unit->descriptor.backend.open(unit->host, unit->line->argc,
                                             (const char *const *)unit->line->argv, &unit->state,
                                             &why);
    }
    unit->state_open = code == LWC_OK;
    unit->owner = getpid();
    code = checked(unit, code, &why);
    if (code == LWC_E_INVALID) {
        code = name_refused(unit, &why);
    }
    if (code != LWC_OK && err != NULL) {
        *err = why;
    }
    return code;
}

enum lwc_code lwc_backend_try(struct lwc_stack_backend *unit, struct lwc_error *err)
{
    if (lwc_backend_backend(unit, NULL) == NULL) {
        return pass_on(&unit->why, err);
    }
    return unit->state_open ? LWC_OK : open_state(unit, err);
}

static enum lwc_code unit_open(struct lwc_stack_backend *unit, uint32_t caps, const char *what,
                               struct lwc_error *err)
{
    enum lwc_code code;

    if (lwc_backend_backend(unit, NULL) == NULL) {
        return pass_on(&unit->why, err);
    }
    if ((unit->descriptor.backend.caps & caps) != caps) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' cannot %s", lwc_backend_name(unit), what);
    }
    if (unit->state_open) {
        return LWC_OK;
    }
    code = lwc_needs_check(&unit->descriptor.backend, unit->host, err);
    return code == LWC_OK ? name_line(unit, open_state(unit, err), err) : code;
}

static enum lwc_code malformed(const struct receiver *receiver, enum lwc_code code,
                               struct lwc_error *err)
{
    return lwc_wrap(err, code, "backend '%s' holds a malformed credential",
                    lwc_backend_name(receiver->unit));
}

static enum lwc_code receive_listed(void *data, const struct lwc_identity *identity,
                                    struct lwc_error *err)
{
    const struct receiver *receiver = data;
    enum lwc_code code = lwc_identity_check(identity, err);

    if (code != LWC_OK) {
        return malformed(receiver, code, err);
    }
    return receiver->visitor->visit(receiver->visitor->data, identity, err);
}

enum lwc_code lwc_backend_list(struct lwc_stack_backend *unit, const struct lwc_visitor *visitor,
                               struct lwc_error *err)
{
    struct receiver receiver = {.unit = unit, .visitor = visitor};
    const struct lwc_visitor checking = {.data = &receiver, .visit = receive_listed};
    enum lwc_code code = unit_open(unit, 0, "be opened", err);

    if (code != LWC_OK || (unit->descriptor.backend.caps & LWC_CAP_LIST) == 0) {
        return code;
    }
    return checked(unit, unit->descriptor.backend.list(unit->state, &checking, err), err);
}

static enum lwc_code receive_found(void *data, const struct lwc_identity *identity,
                                   const void *bytes, size_t len, struct lwc_error *err)
{
    struct receiver *receiver = data;
    struct lwc_sink sink;
    enum lwc_code code;

    if (identity == NULL || receiver->secret != NULL) {
        return lwc_fail(err, LWC_E_INTERNAL, "backend '%s' broke the rules of its sink",
                        lwc_backend_name(receiver->unit));
    }
    code = lwc_identity_copy(identity, receiver->identity, err);
    if (code != LWC_OK) {
        return malformed(receiver, code, err);
    }
    if (!lwc_identity_matches(receiver->query, identity)) {
        return lwc_fail(err, LWC_E_INVALID, "backend '%s' answered with another credential",
                        lwc_backend_name(receiver->unit));
    }
    lwc_buf_sink(&receiver->secret, &sink);
    return sink.put(sink.data, NULL, bytes, len, err);
}

enum lwc_code lwc_backend_find(struct lwc_stack_backend *unit, const struct lwc_identity *query,
                               struct lwc_identity_copy *identity_out, struct lwc_buf **secret_out,
                               struct lwc_error *err)
{
    struct receiver receiver = {.unit = unit, .query = query, .identity = identity_out};
    const struct lwc_sink sink = {.data = &receiver, .put = receive_found};
    enum lwc_code code = unit_open(unit, LWC_CAP_READ, "be read", err);

    if (code != LWC_OK) {
        return code;
    }
    code = checked(unit, unit->descriptor.backend.find(unit->state, query, &sink, err), err);
    if (code == LWC_OK && receiver.secret == NULL) {
        code = lwc_fail(err, LWC_E_INTERNAL, "backend '%s' found a credential and did not give it",
                        lwc_backend_name(unit));
    }
    if (code != LWC_OK) {
        lwc_buf_free(&receiver.secret);
        return code;
    }
    *secret_out = receiver.secret;
    return LWC_OK;
}

static const char *verb_of(uint32_t cap)
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

enum lwc_code lwc_backend_probe(struct lwc_stack_backend *unit, uint32_t cap, struct lwc_error *err)
{
    enum lwc_code code = unit_open(unit, cap, verb_of(cap), err);

    if (code != LWC_OK || unit->descriptor.backend.probe == NULL) {
        return code;
    }
    return checked(unit, unit->descriptor.backend.probe(unit->state, cap, err), err);
}

enum lwc_code lwc_backend_store(struct lwc_stack_backend *unit, const struct lwc_identity *identity,
                                const void *secret, size_t len, uint32_t flags,
                                struct lwc_error *err)
{
    enum lwc_code code = unit_open(unit, LWC_CAP_STORE, "store", err);

    if (code != LWC_OK) {
        return code;
    }
    return checked(
        unit, unit->descriptor.backend.store(unit->state, identity, secret, len, flags, err), err);
}

enum lwc_code lwc_backend_erase(struct lwc_stack_backend *unit, const struct lwc_identity *query,
                                struct lwc_error *err)
{
    enum lwc_code code = unit_open(unit, LWC_CAP_ERASE, "erase", err);

    if (code != LWC_OK) {
        return code;
    }
    return checked(unit, unit->descriptor.backend.erase(unit->state, query, err), err);
}
