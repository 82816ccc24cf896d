/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

/*
 * seccomp-run kill|eperm|enosys|edquot|no-namespaces COMMAND [ARGUMENT...]
 *
 * Runs COMMAND where the system calls of the kernel's keyrings (add_key, request_key, keyctl) are
 * forbidden, each in the way in which a container or a service manager does that.  "kill" ends the
 * whole process with SIGSYS.  "no-namespaces" refuses new namespaces and mounts instead, as a
 * container does.
 */

#define USAGE_EXIT 125
#define CANNOT_EXIT 126
#define CALLS_MAX 3

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define THIS_ARCH AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define THIS_ARCH AUDIT_ARCH_ARM
#elif defined(__s390x__)
#define THIS_ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define THIS_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__powerpc64__)
#define THIS_ARCH AUDIT_ARCH_PPC64
#elif defined(__riscv) && __riscv_xlen == 64
#define THIS_ARCH AUDIT_ARCH_RISCV64
#else
#error "add the AUDIT_ARCH_ of this machine"
#endif

#define KEYRINGS                                 \
    {                                            \
        SYS_add_key, SYS_request_key, SYS_keyctl \
    }
#define NAMESPACES                        \
    {                                     \
        SYS_unshare, SYS_setns, SYS_mount \
    }

static const struct way {
    const char *word;
    unsigned int action;
    unsigned int calls[CALLS_MAX];
} ways[] = {
    {"kill", SECCOMP_RET_KILL_PROCESS, KEYRINGS},
    {"eperm", SECCOMP_RET_ERRNO | EPERM, KEYRINGS},
    {"enosys", SECCOMP_RET_ERRNO | ENOSYS, KEYRINGS},
    {"edquot", SECCOMP_RET_ERRNO | EDQUOT, KEYRINGS},
    {"no-namespaces", SECCOMP_RET_ERRNO | EPERM, NAMESPACES},
};

static int filter_install(const struct way *way)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, way->calls[0], 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, way->calls[1], 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, way->calls[2], 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, way->action),
    };
    struct sock_fprog program = {.len = LWC_ARRAY_LEN(code), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -1;
    }
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int run(const struct way *way, char **command)
{
    if (filter_install(way) != 0) {
        perror("seccomp-run: filter");
        return CANNOT_EXIT;
    }
    (void)execvp(command[0], command);
    (void)fprintf(stderr, "seccomp-run: %s: %s\n", command[0], strerror(errno));
    return CANNOT_EXIT;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc >= 3 && i < LWC_ARRAY_LEN(ways); i++) {
        if (lwc_streq(argv[1], ways[i].word)) {
            return run(&ways[i], argv + 2);
        }
    }
    (void)fprintf(stderr, "usage: seccomp-run kill|eperm|enosys|edquot|no-namespaces COMMAND "
                          "[ARGUMENT...]\n");
    return USAGE_EXIT;
}
