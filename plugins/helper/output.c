/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/output.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/append.h"
#include "base/safefile.h"
#include "base/text.h"
#include "plugins/format/json_writer.h"
#include "plugins/helper/cure.h"

/* Room for a message with escapes and blanks added. */
#define WAIT_WORDS "try again in "
#define LINE_LEN (4 * LWC_ERROR_MSG_LEN)

enum lwc_code lwc_output_write(const struct lwc_buf *answer, struct lwc_error *err)
{
    enum lwc_code code = LWC_OK;

    if (lwc_buf_len(answer) == 0) {
        return LWC_OK;
    }
    code = lwc_fd_write(STDOUT_FILENO, lwc_buf_bytes(answer), lwc_buf_len(answer), err);
    return lwc_wrap(err, code, "standard output");
}

char *lwc_output_defuse(char *out, size_t cap, const char *text)
{
    char clean[LINE_LEN];
    size_t len = 0;

    lwc_text_printable(clean, sizeof clean, text, strlen(text));
    for (const char *at = clean; *at != '\0' && len + 3 < cap; at++) {
        out[len++] = *at;
        if (at[0] == '#' && at[1] == '#') {
            out[len++] = ' ';
        }
    }
    out[len] = '\0';
    return out;
}

/* Ignores failures: there is no other place to report them. */
static void print_raw(const char *text)
{
    const enum lwc_code code = lwc_fd_write(STDERR_FILENO, text, strlen(text), NULL);

    (void)code;
}

static void print_line(const char *prefix, const char *text)
{
    char clean[LINE_LEN];
    char line[LINE_LEN + 64];

    lwc_output_defuse(clean, sizeof clean, text);
    (void)snprintf(line, sizeof line, "%s: %s\n", prefix, clean);
    print_raw(line);
}

void lwc_output_line(const char *fmt, ...)
{
    char text[LINE_LEN];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    print_line(LWC_PROGRAM, text);
}

static const char *choose_hint(const struct lwc_error *err, char *room, size_t cap)
{
    if (err->hint[0] != '\0') {
        return lwc_cure_name(err->hint, room, cap);
    }
    if (err->wait_s > 0 && strstr(err->msg, WAIT_WORDS) == NULL) {
        (void)snprintf(room, cap, WAIT_WORDS "%" PRId64 " s", err->wait_s);
        return room;
    }
    return err->code == LWC_E_INTERNAL ? "this is a defect of lwcred: please report it" : "";
}

static void print_object(const struct lwc_error *err, const char *hint)
{
    LWC_AUTO_BUF out = NULL;
    char message[LINE_LEN];
    char cure[LINE_LEN];
    char status[16];
    char wait[24];
    const struct lwc_member members[] = {
        {.name = "error", .text = lwc_code_name(err->code)},
        {.name = "status", .literal = status},
        {.name = "message", .text = lwc_output_defuse(message, sizeof message, err->msg)},
        {.name = "hint", .text = lwc_output_defuse(cure, sizeof cure, hint)},
        {.name = "waitSeconds", .literal = wait},
    };
    const bool waiting = err->code == LWC_E_RATE_LIMITED;

    (void)snprintf(status, sizeof status, "%d", (int)err->code);
    (void)snprintf(wait, sizeof wait, "%" PRId64, err->wait_s);
    if (lwc_buf_new(LINE_LEN, &out, NULL) == LWC_OK &&
        lwc_json_append(out, members, LWC_ARRAY_LEN(members) - !waiting, NULL) == LWC_OK &&
        lwc_text_append(out, NULL, "\n") == LWC_OK) {
        print_raw(lwc_buf_text(out));
    }
}

void lwc_output_error(const struct lwc_error *err, bool json)
{
    char room[2 * LWC_ERROR_HINT_LEN];
    const char *hint = choose_hint(err, room, sizeof room);

    print_line(LWC_PROGRAM, err->msg);
    if (hint[0] != '\0') {
        print_line("hint", hint);
    }
    if (json) {
        print_object(err, hint);
    }
}
