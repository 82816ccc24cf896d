/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May block, and leaves a mark of each process that loads it: a line with the name of the program in
 * the file marks in the user's home directory.
 */
#include <stdio.h>
#include <string.h>

#include "tests/modules/least.h"

#define TEXT_LEN 4096

static void __attribute__((constructor)) construct(void)
{
    const char *home = getenv("HOME");
    char text[TEXT_LEN];
    FILE *comm = fopen("/proc/self/comm", "re");
    FILE *marks = NULL;

    snprintf(text, sizeof text, "%s/marks", home != NULL ? home : "");
    marks = fopen(text, "ae");
    if (marks == NULL || comm == NULL || fgets(text, sizeof text, comm) == NULL) {
        abort();
    }
    fputs(text, marks);
    fclose(marks);
    fclose(comm);
}

static enum lwc_code list(void *state, const struct lwc_visitor *visitor, struct lwc_error *err)
{
    (void)state;
    (void)visitor;
    (void)err;
    return LWC_OK;
}

LEAST_EXPORT const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "marks",
    .summary = "a module for tests that leaves marks",
    .caps = LWC_CAP_READ | LWC_CAP_LIST | LWC_CAP_BLOCKING,
    .open = least_open,
    .close = least_close,
    .find = least_find,
    .list = list,
};
