/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

void capture_begin(struct capture *capture, const char *input)
{
    const size_t len = input == NULL ? 0 : strlen(input);

    (void)fflush(stdout);
    (void)fflush(stderr);
    for (int fd = 0; fd < 3; fd++) {
        capture->saved[fd] = dup(fd);
        capture->now[fd] = memfd_create("capture", MFD_CLOEXEC);
        assert_true(capture->saved[fd] >= 0 && capture->now[fd] >= 0);
    }
    assert_int_equal(pwrite(capture->now[0], len == 0 ? "" : input, len, 0), (ssize_t)len);
    for (int fd = 0; fd < 3; fd++) {
        assert_int_equal(dup2(capture->now[fd], fd), fd);
    }
}

static void collect(int fd, char text_out[CAPTURE_LEN])
{
    const ssize_t got = pread(fd, text_out, CAPTURE_LEN - 1, 0);

    assert_true(got >= 0);
    text_out[got] = '\0';
}

void capture_end(struct capture *capture)
{
    for (int fd = 0; fd < 3; fd++) {
        assert_int_equal(dup2(capture->saved[fd], fd), fd);
        assert_int_equal(close(capture->saved[fd]), 0);
    }
    collect(capture->now[1], capture->out);
    collect(capture->now[2], capture->err);
    for (int fd = 0; fd < 3; fd++) {
        assert_int_equal(close(capture->now[fd]), 0);
    }
}
