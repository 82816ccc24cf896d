/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/api_body.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/safefile.h"

void lwc_api_body_clear(struct lwc_api_body *body)
{
    if (body->is_own_fd) {
        (void)close(body->fd);
    }
    *body = (struct lwc_api_body)LWC_API_BODY_NONE;
}

/* Finds out whether the descriptor has a length, and can be read again. */
static enum lwc_code measure_file(struct lwc_api_body *body, const char *name,
                                  struct lwc_error *err)
{
    struct stat st;
    off_t start = 0;

    if (fstat(body->fd, &st) != 0) {
        return lwc_fail_sys(err, LWC_E_INVALID, errno, "body: %s", name);
    }
    if (S_ISDIR(st.st_mode)) {
        return lwc_fail_sys(err, LWC_E_INVALID, EISDIR, "body: %s", name);
    }
    body->len = -1;
    if (!S_ISREG(st.st_mode)) {
        return LWC_OK;
    }
    start = lseek(body->fd, 0, SEEK_CUR);
    if (start < 0) {
        return lwc_fail_sys(err, LWC_E_INVALID, errno, "body: %s", name);
    }
    body->can_rewind = true;
    body->start = start;
    body->at = start;
    body->len = st.st_size > start ? st.st_size - start : 0;
    return LWC_OK;
}

/* Opens without waiting for a writer of a FIFO: reading waits, until the deadline. */
static enum lwc_code open_file(struct lwc_api_body *body, const char *path, struct lwc_error *err)
{
    body->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (body->fd < 0) {
        return lwc_fail_sys(err, LWC_E_INVALID, errno, "body: %s", path);
    }
    body->is_own_fd = true;
    return measure_file(body, path, err);
}

enum lwc_code lwc_api_body_open(const char *data, int64_t input_deadline_ms, int64_t deadline_ms,
                                struct lwc_api_body *body_out, struct lwc_error *err)
{
    LWC_AUTO_API_BODY body = LWC_API_BODY_NONE;
    enum lwc_code code = LWC_OK;

    body.deadline_ms = deadline_ms;
    if (data == NULL) {
        return LWC_OK;
    }
    if (data[0] != '@') {
        body.text = data;
        body.len = (int64_t)strlen(data);
    } else if (lwc_streq(data, "@-")) {
        body.fd = STDIN_FILENO;
        body.deadline_ms = input_deadline_ms;
        code = measure_file(&body, "standard input", err);
    } else {
        code = open_file(&body, data + 1, err);
    }
    if (code == LWC_OK) {
        *body_out = body;
        body.is_own_fd = false;
    }
    return code;
}

enum lwc_code lwc_api_body_read(struct lwc_api_body *body, void *bytes, size_t room,
                                size_t *len_out, struct lwc_error *err)
{
    ssize_t got = 0;

    if (body->can_rewind) {
        const int64_t left = body->start + body->len - body->at;

        got = pread(body->fd, bytes, (int64_t)room < left ? room : (size_t)left, body->at);
    } else {
        got = lwc_fd_read_step(body->fd, bytes, room, body->deadline_ms);
    }
    if (got < 0 && errno == ETIMEDOUT) {
        return lwc_fail(err, LWC_E_INVALID, "body: its end did not come in time");
    }
    if (got < 0) {
        return lwc_fail_sys(err, LWC_E_IO, errno, "body");
    }
    body->at += got;
    *len_out = (size_t)got;
    return LWC_OK;
}

enum lwc_code lwc_api_body_rewind(struct lwc_api_body *body, struct lwc_error *err)
{
    if (!body->can_rewind) {
        return lwc_fail(err, LWC_E_INVALID, "body: it cannot be read again");
    }
    body->at = body->start;
    return LWC_OK;
}
