/* SPDX-License-Identifier: Apache-2.0 */
#include "base/verb.h"
#include "tests/contract/rules.h"

/* Records of a command; @stop is the answer to each. */
struct reported {
    unsigned count;
    bool is_malformed;
    enum lwc_code stop;
};

static enum lwc_code receive_record(void *data, const struct lwc_field *fields, size_t count,
                                    struct lwc_error *err)
{
    struct reported *reported = data;

    reported->count++;
    if (lwc_record_check(fields, count, err) != LWC_OK) {
        reported->is_malformed = true;
        return LWC_E_INVALID;
    }
    return reported->stop == LWC_OK ? LWC_OK : lwc_fail(err, reported->stop, "no more records");
}

/* Runs @verb in a state of its own; returns false if none was to be had. */
static bool run_verb(struct fixture *fixture, const char *verb, struct reported *reported,
                     enum lwc_code *code_out)
{
    AUTO_OPENED opened = {0};
    const struct lwc_reporter reporter = {.data = reported, .report = receive_record};
    struct lwc_error err = {0};

    if (!fixture_open_state(fixture, &opened)) {
        return false;
    }
    *code_out = fixture->backend.control(opened.state, verb, 0, NULL, &reporter, &err);
    fixture_judge_error(fixture, *code_out, &err);
    return true;
}

bool rule_control_unknown_verb(struct fixture *fixture)
{
    struct reported reported = {.count = 0};
    enum lwc_code code = LWC_OK;

    if (!run_verb(fixture, "no-such-verb", &reported, &code)) {
        return false;
    }
    if (code != LWC_E_INVALID || reported.count > 0) {
        return fixture_say(fixture, "control() answered %s with %u records", lwc_code_name(code),
                           reported.count);
    }
    return fixture->defect[0] == '\0' ? true : fixture_say(fixture, "%s", fixture->defect);
}

bool rule_control_records(struct fixture *fixture)
{
    struct reported reported = {.count = 0};
    enum lwc_code code = LWC_OK;

    if (!run_verb(fixture, "check", &reported, &code)) {
        return false;
    }
    return !reported.is_malformed ? true
                                  : fixture_say(fixture, "record %u is malformed", reported.count);
}

bool rule_control_ends(struct fixture *fixture)
{
    struct reported reported = {.stop = LWC_E_BUSY};
    enum lwc_code code = LWC_OK;

    if (!run_verb(fixture, "check", &reported, &code)) {
        return false;
    }
    if (reported.count == 0 || reported.is_malformed) { /* without this command, or malformed */
        return true;
    }
    return reported.count == 1 && code == LWC_E_BUSY
               ? true
               : fixture_say(fixture, "control() answered %s after %u records", lwc_code_name(code),
                             reported.count);
}
