/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/lint.h"

#include "conf/control.h"

/*
 * What a walk may have been through when it comes to a line: any of these at once, for different
 * answers of the lines before.
 */
struct states {
    bool bare;   /* nothing has counted                                            */
    bool good;   /* only success has counted                                       */
    bool failed; /* a failure has counted: the walk cannot succeed any more        */
};

static bool is_hopeful(const struct states *states)
{
    return states->bare || states->good;
}

static bool is_reached(const struct states *states)
{
    return is_hopeful(states) || states->failed;
}

static void join(struct states *to, const struct states *from)
{
    to->bare = to->bare || from->bare;
    to->good = to->good || from->good;
    to->failed = to->failed || from->failed;
}

/* The states behind a line that is reached in @before and gives @outcome; none if that ends it. */
static struct states states_after(const struct states *before, enum lwc_outcome outcome,
                                  uint16_t action)
{
    switch (action) {
    case LWC_ACT_DIE:
        return (struct states){.failed = false};
    case LWC_ACT_BAD:
        return (struct states){.failed = true};
    case LWC_ACT_DONE: /* ends it, but for a failure before */
        return (struct states){.failed = before->failed};
    case LWC_ACT_OK:
        return (struct states){.good = outcome == LWC_OUT_SUCCESS && is_hopeful(before),
                               .failed = outcome != LWC_OUT_SUCCESS || before->failed};
    default: /* ignored */
        return *before;
    }
}

/* Where each answer of line @index leads: into the states of the lines behind it. */
static void spread(const struct lwc_conf_line *line, size_t count, size_t index,
                   struct states *states)
{
    for (size_t i = 0; i < LWC_OUT_COUNT; i++) {
        const size_t next = index + 1 + lwc_action_skip(line->actions[i]);
        const struct states after =
            states_after(&states[index], (enum lwc_outcome)i, line->actions[i]);

        if (next < count) {
            join(&states[next], &after);
        }
    }
}

/* Does success lead past the last line, with nothing that has counted? */
static bool is_futile(const struct lwc_conf_line *line, size_t count, size_t index,
                      const struct states *before)
{
    const uint16_t action = line->actions[LWC_OUT_SUCCESS];

    return !before->good && (action == LWC_ACT_IGNORE || action > LWC_ACT_SKIP) &&
           index + 1 + lwc_action_skip(action) >= count;
}

static void warn_at(const struct lwc_conf_line *line, lwc_conf_fault_fn *visit, void *data,
                    const char *text)
{
    struct lwc_error what = {0};
    enum lwc_code code = lwc_fail(&what, LWC_E_INVALID, "%s", text);

    (void)code;
    visit(data, &line->where, &what);
}

/* Is there an answer that this line does not pass over? */
static bool is_idle(const struct lwc_conf_line *line)
{
    for (size_t i = 0; i < LWC_OUT_COUNT; i++) {
        if (line->actions[i] != LWC_ACT_IGNORE) {
            return false;
        }
    }
    return true;
}

static bool can_succeed(const struct lwc_conf_line *line)
{
    return line->actions[LWC_OUT_SUCCESS] == LWC_ACT_OK ||
           line->actions[LWC_OUT_SUCCESS] == LWC_ACT_DONE;
}

static void lint_op(const struct lwc_conf *conf, enum lwc_op op, lwc_conf_fault_fn *visit,
                    void *data)
{
    size_t lines[LWC_CONF_LINES_MAX];
    struct states states[LWC_CONF_LINES_MAX] = {{.bare = true}};
    size_t count = 0;
    bool hopeful = false;

    for (size_t i = 0; i < conf->count; i++) {
        if (conf->lines[i].op == op) {
            lines[count++] = i;
        }
    }
    for (size_t i = 0; i < count; i++) {
        const struct lwc_conf_line *line = &conf->lines[lines[i]];

        if (!is_reached(&states[i])) {
            warn_at(line, visit, data,
                    "this line is never reached: those before it end or skip, whatever happens");
            continue;
        }
        if (is_idle(line)) {
            warn_at(line, visit, data, "this line changes nothing: every answer is ignored");
        } else if (is_futile(line, count, i, &states[i])) {
            warn_at(line, visit, data,
                    "success of this line does not count, and no line behind it is asked: the "
                    "stack fails");
        }
        hopeful = hopeful || (is_hopeful(&states[i]) && can_succeed(line));
        spread(line, count, i, states);
    }
    if (count > 0 && !hopeful) {
        warn_at(&conf->lines[lines[0]], visit, data,
                "no line of this operation can lead to success");
    }
}

void lwc_conf_lint(const struct lwc_conf *conf, lwc_conf_fault_fn *visit, void *data)
{
    for (size_t i = 0; i < LWC_OP_COUNT; i++) {
        lint_op(conf, (enum lwc_op)i, visit, data);
    }
}
