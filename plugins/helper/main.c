/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "plugins/helper/output.h"
#include "plugins/helper/program.h"

/*
 * MUST, before anything else happens:
 *  1. No core dump, no debugger of the same user: secrets are about to be in memory.
 *  2. New files are private, independent of the caller's umask.
 *  3. Descriptors 0 to 2 are open, so that no file of ours is taken for one of them.  A closed
 *     stdout gets a descriptor that cannot be written: the answer then fails and is not lost.
 *  4. No library writes TLS session keys to a file (SSLKEYLOGFILE), nor loads code
 *     that a variable names (OPENSSL_CONF, OPENSSL_MODULES, OPENSSL_ENGINES).
 *  5. A closed pipe or a limit on file size is an error with a message, not a signal.
 */
static bool harden_process(mode_t *umask_out)
{
    static const char *const unheeded[] = {"SSLKEYLOGFILE", "OPENSSL_CONF", "OPENSSL_MODULES",
                                           "OPENSSL_ENGINES"};
    static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY};
    struct pollfd fds[] = {{.fd = 0}, {.fd = 1}, {.fd = 2}};
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    *umask_out = umask(077);
    for (size_t i = 0; i < LWC_ARRAY_LEN(unheeded); i++) {
        (void)unsetenv(unheeded[i]);
    }
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    if (poll(fds, LWC_ARRAY_LEN(fds), 0) < 0) {
        return false;
    }
    for (int fd = 0; fd < (int)LWC_ARRAY_LEN(fds); fd++) {
        if ((fds[fd].revents & POLLNVAL) != 0 && open("/dev/null", modes[fd]) != fd) {
            return false;
        }
    }
    return true;
}

static bool is_git_helper(const char *path)
{
    const char *slash = strrchr(path, '/');

    return lwc_streq(slash == NULL ? path : slash + 1, "git-credential-lacework");
}

int main(int argc, char **argv)
{
    LWC_AUTO_APP app = {.git_helper = argc > 0 && is_git_helper(argv[0])};
    struct lwc_error err = {0};
    enum lwc_code code = LWC_OK;

    if (!harden_process(&app.umask)) {
        return LWC_E_IO;
    }
    code = lwc_program_run(&lwc_program, &app, argc, argv, &err);
    if (code != LWC_OK) {
        lwc_output_error(&err, lwc_program_wants_json(&app, argc, argv));
    }
    return code;
}
