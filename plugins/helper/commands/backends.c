/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/append.h"
#include "base/text.h"
#include "base/util.h"
#include "plugins/format/json_writer.h"
#include "plugins/helper/command.h"
#include "plugins/helper/output.h"

#define OUT_CAP 4096
#define SUMMARY_LEN 200

static const struct {
    uint32_t cap;
    const char *name;
} caps[] = {
    {LWC_CAP_READ, "read"},     {LWC_CAP_STORE, "store"},   {LWC_CAP_ERASE, "erase"},
    {LWC_CAP_LIST, "list"},     {LWC_CAP_UNLOCK, "unlock"}, {LWC_CAP_PROMPTS, "prompts"},
    {LWC_CAP_BLOCKING, "host"},
};

/* The listing under construction: after a failure, additions do nothing. */
struct listing {
    struct lwc_buf *out;
    struct lwc_error *err;
    enum lwc_code code;
    bool json;
    size_t count;
};

#define ADD(listing, ...)                                                                   \
    do {                                                                                    \
        if ((listing)->code == LWC_OK) {                                                    \
            (listing)->code = lwc_text_append((listing)->out, (listing)->err, __VA_ARGS__); \
        }                                                                                   \
    } while (false)

static void add_caps(struct listing *listing, uint32_t known, const char *separator,
                     const char *quote)
{
    const char *between = "";

    for (size_t i = 0; i < LWC_ARRAY_LEN(caps); i++) {
        if ((known & caps[i].cap) != 0) {
            ADD(listing, "%s%s%s%s", between, quote, caps[i].name, quote);
            between = separator;
        }
    }
}

static void add_member(struct listing *listing, const char *name, const char *text)
{
    ADD(listing, "\"%s\":", name);
    if (listing->code == LWC_OK) {
        listing->code = lwc_text_append_json(listing->out, text, listing->err);
    }
}

static void add_object(struct listing *listing, const char *name, const struct lwc_backend *backend,
                       const struct lwc_error *why)
{
    ADD(listing, listing->count == 0 ? "{" : ",{");
    add_member(listing, "name", name);
    ADD(listing, ",");
    if (backend == NULL) {
        add_member(listing, "error", why->msg);
    } else {
        ADD(listing, "\"can\":[");
        add_caps(listing, backend->caps, ",", "\"");
        ADD(listing, "],");
        add_member(listing, "summary", backend->summary);
    }
    ADD(listing, "}");
}

static void add_line(struct listing *listing, const char *name, const struct lwc_backend *backend,
                     const struct lwc_error *why)
{
    char text[SUMMARY_LEN];
    const char *words = backend == NULL ? why->msg : backend->summary;

    lwc_text_printable(text, sizeof text, words, strlen(words));
    ADD(listing, "%-16s  ", name);
    if (backend == NULL) {
        ADD(listing, "unavailable: %s\n", text);
        return;
    }
    add_caps(listing, backend->caps, ",", "");
    ADD(listing, "  %s\n", text);
}

static void visit(void *data, const char *name, const struct lwc_backend *backend,
                  const struct lwc_error *why)
{
    struct listing *listing = data;

    if (listing->json) {
        add_object(listing, name, backend, why);
    } else {
        add_line(listing, name, backend, why);
    }
    listing->count++;
}

enum lwc_code lwc_backends_run(struct lwc_app *app, struct lwc_error *err)
{
    LWC_AUTO_BUF out = NULL;
    struct listing listing = {.err = err, .json = lwc_args_has(&app->args, LWC_OPT_JSON)};
    enum lwc_code code = lwc_app_open(app, err);

    if (code == LWC_OK) {
        code = lwc_buf_new(OUT_CAP, &out, err);
    }
    if (code != LWC_OK) {
        return code;
    }
    listing.out = out;
    if (listing.json) {
        ADD(&listing, "[");
    }
    lwc_backends(app->ctx, visit, &listing);
    if (listing.json) {
        ADD(&listing, "]\n");
    }
    return listing.code != LWC_OK ? listing.code : lwc_output_write(out, err);
}
