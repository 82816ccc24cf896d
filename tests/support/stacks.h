/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_STACKS_H
#define TESTS_SUPPORT_STACKS_H

#include <lwcred/backend.h>

#include "conf/conf.h"
#include "stack/stack.h"

/* A stack made from the text of a stack file, with a host that is not interactive. */
struct stacks {
    struct lwc_conf *conf;
    struct lwc_stack *stack;
    struct lwc_host host;
    unsigned asked;    /* how often a backend was asked in a walk */
    unsigned warnings; /* logged                                  */
};

/* Fails the test where it fails. */
void stacks_open(struct stacks *stacks, const char *text);
void stacks_close(struct stacks *stacks);

#endif
