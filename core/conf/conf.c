/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf.h"

#include <stdlib.h>

#include "base/util.h"

static const char *const op_words[] = {
    [LWC_OP_LOOKUP] = "lookup",
    [LWC_OP_STORE] = "store",
    [LWC_OP_ERASE] = "erase",
};

const char *lwc_op_name(enum lwc_op op)
{
    return op_words[op];
}

enum lwc_outcome lwc_outcome_of(enum lwc_code code)
{
    static const enum lwc_outcome outcomes[] = {
        [LWC_OK] = LWC_OUT_SUCCESS,
        [LWC_E_INTERNAL] = LWC_OUT_ERROR,
        [LWC_E_INVALID] = LWC_OUT_INVALID,
        [LWC_E_NOT_FOUND] = LWC_OUT_NOT_FOUND,
        [LWC_E_LOCKED] = LWC_OUT_LOCKED,
        [LWC_E_DENIED] = LWC_OUT_DENIED,
        [LWC_E_CORRUPT] = LWC_OUT_ERROR,
        [LWC_E_TOO_NEW] = LWC_OUT_ERROR,
        [LWC_E_UNAVAILABLE] = LWC_OUT_UNAVAILABLE,
    };

    return (size_t)code < LWC_ARRAY_LEN(outcomes) ? outcomes[code] : LWC_OUT_ERROR;
}

static void line_clear(struct lwc_conf_line *line)
{
    for (size_t i = 0; i < line->argc; i++) {
        free(line->argv[i]);
    }
    free(line->argv);
}

void lwc_conf_free(struct lwc_conf **conf)
{
    if (conf == NULL || *conf == NULL) {
        return;
    }
    for (size_t i = 0; i < (*conf)->count; i++) {
        line_clear(&(*conf)->lines[i]);
    }
    for (size_t i = 0; i < (*conf)->file_count; i++) {
        free((*conf)->files[i]);
    }
    free((*conf)->files);
    free((*conf)->lines);
    free((*conf)->source);
    free(*conf);
    *conf = NULL;
}
