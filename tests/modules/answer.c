/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A backend that answers what its arguments say:
 *   find=CODE list=CODE store=CODE erase=CODE probe=CODE   number of an enum lwc_code
 *   opens=1        probe() makes list() answer, in spite of list=
 *   hold=PROFILE:ACCOUNT:KEYID:SECRET                      a credential; may be repeated
 *   lie=other      find() answers with another credential
 *   lie=silent     find() says LWC_OK and gives nothing
 *   lie=twice      find() gives twice
 *   lie=mute       a failure carries no text
 *   control=CODE   of the command "echo", which reports each of its arguments in a record
 *   lie=record     that record has a field twice
 *   lie=flood      there are more records than allowed
 *   lie=malformed  list() names an identity with a newline
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lwcred/backend.h>

#define HOLDS_MAX 8

struct held {
    char *text;
    struct lwc_identity identity;
    const char *secret;
};

struct answer {
    int find, list, store, erase, probe, opens, control;
    const char *lie;
    struct held held[HOLDS_MAX];
    size_t count;
};

static enum lwc_code fail(const struct answer *answer, int code, struct lwc_error *err)
{
    if (code != LWC_OK && !(answer->lie != NULL && strcmp(answer->lie, "mute") == 0)) {
        err->code = (enum lwc_code)code;
        snprintf(err->msg, sizeof err->msg, "told to answer %d", code);
    }
    return (enum lwc_code)code;
}

static void hold(struct answer *answer, const char *text)
{
    struct held *held = &answer->held[answer->count++];
    char *rest = held->text = strdup(text);

    held->identity.profile = strsep(&rest, ":");
    held->identity.account = strsep(&rest, ":");
    held->identity.key_id = strsep(&rest, ":");
    held->identity.origin = "";
    held->identity.sub_account = "";
    held->identity.kind = LWC_KIND_ACCESS_KEY;
    held->secret = rest;
}

static enum lwc_code answer_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                                 void **state_out, struct lwc_error *err)
{
    struct answer *answer = calloc(1, sizeof *answer);

    (void)host;
    (void)err;
    for (size_t i = 0; i < argc; i++) {
        if (strncmp(argv[i], "hold=", 5) == 0 && answer->count < HOLDS_MAX) {
            hold(answer, argv[i] + 5);
        } else if (strncmp(argv[i], "lie=", 4) == 0) {
            answer->lie = argv[i] + 4;
        } else {
            sscanf(argv[i], "find=%d", &answer->find);
            sscanf(argv[i], "list=%d", &answer->list);
            sscanf(argv[i], "store=%d", &answer->store);
            sscanf(argv[i], "erase=%d", &answer->erase);
            sscanf(argv[i], "probe=%d", &answer->probe);
            sscanf(argv[i], "opens=%d", &answer->opens);
            sscanf(argv[i], "control=%d", &answer->control);
        }
    }
    *state_out = answer;
    return LWC_OK;
}

static void answer_close(void *state)
{
    struct answer *answer = state;

    for (size_t i = 0; answer != NULL && i < answer->count; i++) {
        free(answer->held[i].text);
    }
    free(answer);
}

static int lies(const struct answer *answer, const char *how)
{
    return answer->lie != NULL && strcmp(answer->lie, how) == 0;
}

static enum lwc_code give(const struct answer *answer, const struct held *held,
                          const struct lwc_sink *sink, struct lwc_error *err)
{
    struct lwc_identity identity = held->identity;
    enum lwc_code code = LWC_OK;

    if (lies(answer, "silent")) {
        return LWC_OK;
    }
    if (lies(answer, "other")) {
        identity.profile = "other";
    }
    code = sink->put(sink->data, &identity, held->secret, strlen(held->secret), err);
    if (code == LWC_OK && lies(answer, "twice")) {
        code = sink->put(sink->data, &identity, held->secret, strlen(held->secret), err);
    }
    return code;
}

static enum lwc_code answer_find(void *state, const struct lwc_identity *query,
                                 const struct lwc_sink *sink, struct lwc_error *err)
{
    const struct answer *answer = state;

    if (answer->find != LWC_OK) {
        return fail(answer, answer->find, err);
    }
    for (size_t i = 0; i < answer->count; i++) {
        if (strcmp(answer->held[i].identity.profile, query->profile) == 0) {
            return give(answer, &answer->held[i], sink, err);
        }
    }
    return LWC_E_NOT_FOUND;
}

static enum lwc_code answer_list(void *state, const struct lwc_visitor *visitor,
                                 struct lwc_error *err)
{
    const struct answer *answer = state;
    enum lwc_code code = fail(answer, answer->list, err);

    for (size_t i = 0; i < answer->count && code == LWC_OK; i++) {
        struct lwc_identity identity = answer->held[i].identity;

        if (lies(answer, "malformed")) {
            identity.key_id = "A\nhost=evil.example";
        }
        code = visitor->visit(visitor->data, &identity, err);
    }
    return code;
}

static enum lwc_code answer_store(void *state, const struct lwc_identity *identity,
                                  const void *secret, size_t len, uint32_t flags,
                                  struct lwc_error *err)
{
    const struct answer *answer = state;

    (void)identity;
    (void)secret;
    (void)len;
    (void)flags;
    return fail(answer, answer->store, err);
}

static enum lwc_code answer_erase(void *state, const struct lwc_identity *query,
                                  struct lwc_error *err)
{
    const struct answer *answer = state;

    (void)query;
    return fail(answer, answer->erase, err);
}

static enum lwc_code answer_probe(void *state, uint32_t cap, struct lwc_error *err)
{
    struct answer *answer = state;

    (void)cap;
    if (answer->opens != 0) {
        answer->list = LWC_OK;
    }
    return fail(answer, answer->probe, err);
}

static enum lwc_code answer_control(void *state, const char *verb, size_t argc,
                                    const char *const *argv, const struct lwc_reporter *reporter,
                                    struct lwc_error *err)
{
    const struct answer *answer = state;
    const size_t times = lies(answer, "flood") ? LWC_RECORDS_MAX + 1 : 1;
    enum lwc_code code = LWC_OK;

    if (strcmp(verb, "echo") != 0) {
        return fail(answer, LWC_E_INVALID, err);
    }
    for (size_t i = 0; i < argc * times && code == LWC_OK; i++) {
        const struct lwc_field fields[] = {{"text", argv[i % argc]}, {"text", ""}};

        code = reporter->report(reporter->data, fields, lies(answer, "record") ? 2 : 1, err);
    }
    return code == LWC_OK ? fail(answer, answer->control, err) : code;
}

__attribute__((visibility("default"))) const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "answer",
    .summary = "a module for tests that answers what its arguments say",
    .caps = LWC_CAP_READ | LWC_CAP_STORE | LWC_CAP_ERASE | LWC_CAP_LIST,
    .open = answer_open,
    .close = answer_close,
    .find = answer_find,
    .list = answer_list,
    .store = answer_store,
    .erase = answer_erase,
    .probe = answer_probe,
    .control = answer_control,
};
