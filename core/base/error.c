/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

/* Longer than any message, so that lwc_text_printable() does the cutting. */
#define RAW_LEN ((size_t)LWC_ERROR_MSG_LEN * 2 + sizeof ": ")
#define WHY_LEN 128

static void format_printable(char *out, size_t cap, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

static void format_printable(char *out, size_t cap, const char *fmt, va_list args)
{
    char raw[RAW_LEN];

    if (vsnprintf(raw, sizeof raw, fmt, args) < 0) {
        raw[0] = '\0';
    }
    lwc_text_printable(out, cap, raw, strlen(raw));
}

static void set_error(struct lwc_error *err, enum lwc_code code, int sys, const char *msg)
{
    *err = (struct lwc_error){.code = code, .sys = sys};
    memcpy(err->msg, msg, strlen(msg));
}

static void describe_failure(struct lwc_error *err, enum lwc_code code, const char *fmt,
                             va_list args) __attribute__((format(printf, 3, 0)));

static void describe_failure(struct lwc_error *err, enum lwc_code code, const char *fmt,
                             va_list args)
{
    int saved = errno;
    char msg[LWC_ERROR_MSG_LEN];

    if (err != NULL) {
        format_printable(msg, sizeof msg, fmt, args);
        set_error(err, code, 0, msg);
    }
    errno = saved;
}

void lwc_describe(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    describe_failure(err, code, fmt, args);
    va_end(args);
}

enum lwc_code lwc_fail(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    describe_failure(err, code, fmt, args);
    va_end(args);
    return code;
}

enum lwc_code lwc_error_pass(struct lwc_error *err, enum lwc_code code, const struct lwc_error *why)
{
    if (code != LWC_OK && err != NULL) {
        *err = *why;
    }
    return code;
}

enum lwc_code lwc_fail_sys(struct lwc_error *err, enum lwc_code code, int sys, const char *fmt, ...)
{
    int saved = errno;
    const char *why = strerrordesc_np(sys);
    char context[LWC_ERROR_MSG_LEN - WHY_LEN]; /* a long name leaves room for the reason */
    char raw[RAW_LEN];
    char msg[LWC_ERROR_MSG_LEN];
    va_list args;

    if (err != NULL) {
        va_start(args, fmt);
        format_printable(context, sizeof context, fmt, args);
        va_end(args);
        if (why != NULL) {
            (void)snprintf(raw, sizeof raw, "%s: %s", context, why);
        } else {
            (void)snprintf(raw, sizeof raw, "%s: system error %d", context, sys);
        }
        set_error(err, code, sys, lwc_text_printable(msg, sizeof msg, raw, strlen(raw)));
    }
    errno = saved;
    return code;
}

enum lwc_code lwc_fail_nomem(struct lwc_error *err)
{
    return lwc_fail_sys(err, LWC_E_IO, ENOMEM, "out of memory");
}

enum lwc_code lwc_wrap(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
{
    int saved = errno;
    char context[LWC_ERROR_MSG_LEN];
    char raw[RAW_LEN];
    va_list args;

    if (err != NULL && code != LWC_OK) {
        va_start(args, fmt);
        format_printable(context, sizeof context, fmt, args);
        va_end(args);
        (void)snprintf(raw, sizeof raw, "%s: %s", context, err->msg);
        lwc_text_printable(err->msg, sizeof err->msg, raw, strlen(raw));
        err->code = code;
    }
    errno = saved;
    return code;
}

enum lwc_code lwc_hint(struct lwc_error *err, enum lwc_code code, const char *fmt, ...)
{
    int saved = errno;
    char hint[LWC_ERROR_HINT_LEN];
    va_list args;

    if (err != NULL) {
        va_start(args, fmt);
        format_printable(hint, sizeof hint, fmt, args);
        va_end(args);
        memcpy(err->hint, hint, sizeof hint);
    }
    errno = saved;
    return code;
}

bool lwc_error_is_passing(const struct lwc_error *err)
{
    static const int passing[] = {EMFILE, ENFILE, ENOMEM, EIO, EAGAIN, ENOBUFS, EINTR};

    for (size_t i = 0; i < LWC_ARRAY_LEN(passing); i++) {
        if (err->sys == passing[i]) {
            return true;
        }
    }
    return false;
}

enum lwc_code lwc_hint_command(struct lwc_error *err, enum lwc_code code, const char *command,
                               const char *name)
{
    if (strchr(name, '\'') != NULL) {
        return lwc_hint(err, code, "%s", command);
    }
    return lwc_hint(err, code, "%s '%s'", command, name);
}

const char *lwc_code_name(enum lwc_code code)
{
    static const char *const names[] = {
        [LWC_OK] = "ok",
        [LWC_E_INTERNAL] = "internal",
        [LWC_E_INVALID] = "invalid",
        [LWC_E_NOT_FOUND] = "not-found",
        [LWC_E_LOCKED] = "locked",
        [LWC_E_DENIED] = "denied",
        [LWC_E_CORRUPT] = "corrupt",
        [LWC_E_TOO_NEW] = "too-new",
        [LWC_E_UNAVAILABLE] = "unavailable",
        [LWC_E_IO] = "io",
        [LWC_E_NETWORK] = "network",
        [LWC_E_REFUSED] = "refused",
        [LWC_E_RATE_LIMITED] = "rate-limited",
        [LWC_E_BUSY] = "busy",
        [LWC_E_UNSAFE] = "unsafe",
        [LWC_E_FAILED] = "failed",
    };
    size_t index = (size_t)code;

    return index < LWC_ARRAY_LEN(names) ? names[index] : "unknown";
}
