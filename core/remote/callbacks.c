/* SPDX-License-Identifier: Apache-2.0 */
/* The MUST list stands in callbacks.h. */
#include "remote/callbacks.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/verb.h"

#define LINE_LEN 1024
#define NAME_MAX_LEN 255
#define PATH_MAX_LEN 4096

/* Contents of an ANSWER: a code, and a value if text or typed is set. */
struct callback_answer {
    enum lwc_code code;
    struct lwc_error why;
    const char *text;
    struct lwc_buf *typed;
};

static void clear_answer(struct callback_answer *answer)
{
    lwc_buf_free(&answer->typed);
}
#define AUTO_ANSWER LWC_AUTO(struct callback_answer, clear_answer)

static int64_t now_ms(void)
{
    return lwc_clock_boot_ms(lwc_clock_system());
}

struct lwc_wire_times lwc_call_times(const struct lwc_remote_call *call)
{
    int64_t own_ms = call->end_ms - now_ms();
    struct lwc_wire_times times = {.caller_ms = call->host->remaining_ms(call->host->data)};

    own_ms = own_ms > 0 ? own_ms : 0;
    times.call_ms = call->is_asking || times.caller_ms < own_ms ? times.caller_ms : own_ms;
    return times;
}

/* Takes all members of its frame first; returns false for a malformed frame. */
typedef bool serve_fn(struct lwc_remote_call *call, struct lwc_wire_in *in,
                      struct callback_answer *answer);

static bool serve_log(struct lwc_remote_call *call, struct lwc_wire_in *in,
                      struct callback_answer *answer)
{
    uint32_t level = lwc_wire_take_u32(in);
    const char *text = lwc_wire_take_text(in);
    char line[LINE_LEN];

    (void)answer;
    if (!lwc_wire_is_ended(in) || level < LWC_LOG_WARNING || level > LWC_LOG_TRACE) {
        return false;
    }
    call->host->log(call->host->data, (enum lwc_log_level)level,
                    lwc_text_printable(line, sizeof line, text, strlen(text)));
    return true;
}

static bool serve_depends(struct lwc_remote_call *call, struct lwc_wire_in *in,
                          struct callback_answer *answer)
{
    const char *path = lwc_wire_take_text(in);

    (void)answer;
    if (!lwc_wire_is_ended(in) || path[0] != '/' || strlen(path) > PATH_MAX_LEN) {
        return false;
    }
    call->host->depends(call->host->data, path);
    return true;
}

static bool serve_asking(struct lwc_remote_call *call, struct lwc_wire_in *in,
                         struct callback_answer *answer)
{
    const char *text = lwc_wire_take_text(in);
    char line[LINE_LEN];

    (void)answer;
    if (!lwc_wire_is_ended(in)) {
        return false;
    }
    call->is_asking = call->request != LWC_WIRE_CLOSE; /* no caller waits for CLOSE */
    call->host->asking(call->host->data, lwc_text_printable(line, sizeof line, text, strlen(text)));
    return true;
}

static bool has_prefix(const char *name, const char *const *prefixes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns whether @name is an argument of the line, or a part of an argument between = and commas. */
static bool is_named_in_line(const struct lwc_remote_call *call, const char *name)
{
    const size_t len = strlen(name);

    for (size_t i = 0; i < call->argc; i++) {
        const char *at = call->argv[i];

        while (*at != '\0') {
            const size_t word_len = strcspn(at, "=,");

            if (word_len == len && memcmp(at, name, len) == 0) {
                return true;
            }
            at += word_len + (at[word_len] != '\0');
        }
    }
    return false;
}

/* LW_API_SECRET is for the backend env alone, which is linked in and needs no host. */
static bool can_read_variable(const struct lwc_remote_call *call, const char *name)
{
    static const char *const secret[] = {"LW_API_SECRET", "LW_API_TOKEN"};
    static const char *const families[] = {"LW_", "LWCRED_", "XDG_", "LC_"};
    static const char *const single[] = {
        "HOME",
        "USER",
        "LOGNAME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "CI",
        "DISPLAY",
        "XAUTHORITY",
        "GNUPGHOME",
        "WAYLAND_DISPLAY",
        "DBUS_SESSION_BUS_ADDRESS",
        "SSH_TTY",
        "GPG_TTY",
        "GPG_AGENT_INFO",
        "PASSWORD_STORE_DIR",
        "CREDENTIALS_DIRECTORY",
    };

    if (has_prefix(name, secret, LWC_ARRAY_LEN(secret))) {
        return false;
    }
    for (size_t i = 0; i < LWC_ARRAY_LEN(single); i++) {
        if (lwc_streq(name, single[i])) {
            return true;
        }
    }
    return has_prefix(name, families, LWC_ARRAY_LEN(families)) || is_named_in_line(call, name);
}

/* Returns NULL for a variable that is withheld, and logs that. */
static const char *read_setting(const struct lwc_remote_call *call, const char *name)
{
    char shown[NAME_MAX_LEN + 1];
    char line[LINE_LEN];

    if (can_read_variable(call, name)) {
        return call->host->setting(call->host->data, name);
    }
    (void)snprintf(line, sizeof line, "backend '%s' may not read %s, which its line does not name",
                   call->name, lwc_text_printable(shown, sizeof shown, name, strlen(name)));
    call->host->log(call->host->data, LWC_LOG_INFO, line);
    return NULL;
}

static bool serve_setting(struct lwc_remote_call *call, struct lwc_wire_in *in,
                          struct callback_answer *answer)
{
    const char *name = lwc_wire_take_text(in);

    if (!lwc_wire_is_ended(in) || strlen(name) > NAME_MAX_LEN) {
        return false;
    }
    answer->text = read_setting(call, name);
    return true;
}

/* Adds the time that the user needs to the backend's own time. */
static bool serve_prompt(struct lwc_remote_call *call, struct lwc_wire_in *in,
                         struct callback_answer *answer)
{
    uint32_t flags = lwc_wire_take_u32(in);
    const char *text = lwc_wire_take_text(in);
    int64_t asked_ms = now_ms();
    struct lwc_sink sink;
    char line[LINE_LEN];
    char question[LINE_LEN + LWC_BACKEND_NAME_MAX + sizeof "backend '': "];

    if (!lwc_wire_is_ended(in)) {
        return false;
    }
    if ((call->caps & LWC_CAP_PROMPTS) == 0) {
        answer->code = lwc_fail(&answer->why, LWC_E_DENIED,
                                "backend '%s' asks without the capability to", call->name);
        return true;
    }
    (void)snprintf(question, sizeof question, "backend '%s': %s", call->name,
                   lwc_text_printable(line, sizeof line, text, strlen(text)));
    lwc_buf_sink(&answer->typed, &sink);
    answer->code = call->host->prompt(call->host->data, question, flags, &sink, &answer->why);
    call->end_ms += now_ms() - asked_ms;
    return true;
}

static bool serve_put(struct lwc_remote_call *call, struct lwc_wire_in *in,
                      struct callback_answer *answer)
{
    bool is_known = lwc_wire_take_u32(in) != 0;
    struct lwc_identity identity = lwc_wire_take_identity(in);
    size_t len = 0;
    const void *bytes = lwc_wire_take_bytes(in, &len);

    if (!lwc_wire_is_ended(in)) {
        return false;
    }
    answer->code =
        call->sink->put(call->sink->data, is_known ? &identity : NULL, bytes, len, &answer->why);
    return true;
}

static bool serve_visit(struct lwc_remote_call *call, struct lwc_wire_in *in,
                        struct callback_answer *answer)
{
    struct lwc_identity identity = lwc_wire_take_identity(in);

    if (!lwc_wire_is_ended(in)) {
        return false;
    }
    answer->code = call->visitor->visit(call->visitor->data, &identity, &answer->why);
    return true;
}

static bool serve_report(struct lwc_remote_call *call, struct lwc_wire_in *in,
                         struct callback_answer *answer)
{
    const uint32_t count = lwc_wire_take_u32(in);
    struct lwc_field fields[LWC_FIELDS_MAX];

    for (size_t i = 0; i < count && i < LWC_FIELDS_MAX; i++) {
        fields[i].name = lwc_wire_take_text(in);
        fields[i].value = lwc_wire_take_text(in);
    }
    if (!lwc_wire_is_ended(in) || lwc_record_check(fields, count, NULL) != LWC_OK) {
        return false;
    }
    answer->code = call->reporter->report(call->reporter->data, fields, count, &answer->why);
    return true;
}

/*
 * request     the only request during which the frame is due; 0: any.
 * max         how often the frame may come in one request.
 * has_answer  the host waits for an ANSWER.
 */
static const struct {
    uint32_t type;
    uint32_t request;
    unsigned max;
    bool has_answer;
    const char *name;
    serve_fn *serve;
} kinds[LWC_CALLBACK_KINDS] = {
    {LWC_WIRE_LOG, 0, 1000, false, "a log line", serve_log},
    {LWC_WIRE_DEPENDS, 0, 1000, false, "a dependence", serve_depends},
    {LWC_WIRE_ASKING, 0, 100, false, "an announcement", serve_asking},
    {LWC_WIRE_SETTING, 0, 1000, true, "a request for a setting", serve_setting},
    {LWC_WIRE_PROMPT, 0, 20, true, "a prompt", serve_prompt},
    {LWC_WIRE_PUT, LWC_WIRE_FIND, 2, true, "a secret", serve_put},
    {LWC_WIRE_VISIT, LWC_WIRE_LIST, 20000, true, "a credential", serve_visit},
    {LWC_WIRE_REPORT, LWC_WIRE_CONTROL, LWC_RECORDS_MAX, true, "a record", serve_report},
};

static void write_answer(const struct lwc_remote_call *call, const struct callback_answer *answer,
                         struct lwc_wire_out *out)
{
    const struct lwc_buf *typed = answer->code == LWC_OK ? answer->typed : NULL;

    lwc_wire_put_times(out, lwc_call_times(call));
    lwc_wire_put_error(out, answer->code, &answer->why);
    lwc_wire_put_u32(out, answer->text != NULL || typed != NULL);
    if (typed != NULL) {
        lwc_wire_put_bytes(out, lwc_buf_bytes(typed), lwc_buf_len(typed));
        return;
    }
    lwc_wire_put_bytes(out, answer->text, answer->text != NULL ? strlen(answer->text) : 0);
}

enum lwc_code lwc_callbacks_serve(struct lwc_remote_call *call, struct lwc_wire_in *in,
                                  struct lwc_buf *bytes, struct lwc_wire_out *answer_out,
                                  bool *has_answer_out, struct lwc_error *err)
{
    AUTO_ANSWER answer = {.code = LWC_OK};
    size_t kind = 0;

    while (kind < LWC_CALLBACK_KINDS && kinds[kind].type != in->type) {
        kind++;
    }
    if (kind == LWC_CALLBACK_KINDS) {
        return lwc_fail(err, LWC_E_INVALID, "a frame of the unknown type %u", in->type);
    }
    if (kinds[kind].request != 0 && kinds[kind].request != call->request) {
        return lwc_fail(err, LWC_E_INVALID, "%s where none is due", kinds[kind].name);
    }
    if (++call->counts[kind] > kinds[kind].max) {
        return lwc_fail(err, LWC_E_INVALID, "more than %u times %s", kinds[kind].max,
                        kinds[kind].name);
    }
    if (!kinds[kind].serve(call, in, &answer)) {
        return lwc_fail(err, LWC_E_INVALID, "%s that is malformed", kinds[kind].name);
    }
    *has_answer_out = kinds[kind].has_answer;
    if (kinds[kind].has_answer) {
        *answer_out = lwc_wire_begin(bytes, LWC_WIRE_ANSWER, call->number);
        write_answer(call, &answer, answer_out);
    }
    return LWC_OK;
}
