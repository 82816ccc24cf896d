/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/lint.h"

#include "conf/control.h"

/*
 * States in which a walk may come to a line: several at once, for different answers of the lines
 * before.
 */
struct walk_states {
    bool bare;   /* nothing has counted                                            */
    bool good;   /* only success has counted                                       */
    bool failed; /* a failure has counted: the walk cannot succeed any more        */
};

static bool is_hopeful(const struct walk_states *states)
{
    return states->bare || states->good;
}

static bool is_reached(const struct walk_states *states)
{
    return is_hopeful(states) || states->failed;
}

static void join_states(struct walk_states *to, const struct walk_states *from)
{
    to->bare = to->bare || from->bare;
    to->good = to->good || from->good;
    to->failed = to->failed || from->failed;
}

/*
 * Returns the states behind a line reached in @before that gives @outcome; none if the walk ends.
 */
static struct walk_states states_after(const struct walk_states *before, enum lwc_outcome outcome,
                                       uint16_t action)
{
    switch (action) {
    case LWC_ACT_DIE:
        return (struct walk_states){.failed = false};
    case LWC_ACT_BAD:
        return (struct walk_states){.failed = true};
    case LWC_ACT_DONE: /* ends it, but for a failure before */
        return (struct walk_states){.failed = before->failed};
    case LWC_ACT_OK:
        return (struct walk_states){.good = outcome == LWC_OUT_SUCCESS && is_hopeful(before),
                                    .failed = outcome != LWC_OUT_SUCCESS || before->failed};
    default: /* ignored */
        return *before;
    }
}

/* Adds the states behind each answer of line @index to the lines where they lead. */
static void spread_states(const struct lwc_conf_line *line, size_t count, size_t index,
                          struct walk_states *states)
{
    for (size_t i = 0; i < LWC_OUT_COUNT; i++) {
        const size_t next = index + 1 + lwc_action_skip(line->actions[i]);
        const struct walk_states after =
            states_after(&states[index], (enum lwc_outcome)i, line->actions[i]);

        if (next < count) {
            join_states(&states[next], &after);
        }
    }
}

/* Returns whether success leads past the last line before anything has counted. */
static bool is_futile(const struct lwc_conf_line *line, size_t count, size_t index,
                      const struct walk_states *before)
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

/* Returns whether the line ignores every answer. */
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
    struct walk_states states[LWC_CONF_LINES_MAX] = {{.bare = true}};
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
            warn_at(
                line, visit, data,
                "this line is never reached: the lines before it always end the walk or skip it");
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
        spread_states(line, count, i, states);
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
