/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/append.h"
#include "base/util.h"
#include "plugins/format/formats.h"
#include "plugins/helper/command.h"
#include "plugins/helper/output.h"

#define TEXT_CAP 4096
#define NAME_LEN 40

/* A text under construction: after a failure, additions do nothing. */
struct page {
    struct lwc_buf *text;
    enum lwc_code code;
    struct lwc_error *err;
};

static void page_free(struct page *page)
{
    lwc_buf_free(&page->text);
}

static struct page page_new(struct lwc_error *err)
{
    struct page page = {.err = err};

    page.code = lwc_buf_new(TEXT_CAP, &page.text, err);
    return page;
}

/* Appends formatted text. */
#define ADD(page, ...)                                                              \
    do {                                                                            \
        if ((page)->code == LWC_OK) {                                               \
            (page)->code = lwc_text_append((page)->text, (page)->err, __VA_ARGS__); \
        }                                                                           \
    } while (false)

static enum lwc_code page_print(const struct page *page)
{
    return page->code != LWC_OK ? page->code : lwc_output_write(page->text, page->err);
}

static void add_option(struct page *page, const struct lwc_option *option)
{
    char name[NAME_LEN];
    char letter[8] = "    ";

    if (option->letter != '\0') {
        (void)snprintf(letter, sizeof letter, "-%c, ", option->letter);
    }
    (void)snprintf(name, sizeof name, "--%s%s%s", option->name, option->value == NULL ? "" : " ",
                   option->value == NULL ? "" : option->value);
    ADD(page, "  %s%-20s  %s\n", letter, name, option->help);
}

static void add_options(struct page *page, const char *title, uint64_t mask)
{
    if (mask != 0) {
        ADD(page, "\n%s:\n", title);
    }
    for (size_t i = 0; i < LWC_OPTS; i++) {
        if ((mask & LWC_OPT_BIT(i)) != 0) {
            add_option(page, lwc_option_at((enum lwc_opt)i));
        }
    }
}

static void add_synopsis(struct page *page, const struct lwc_command *command)
{
    ADD(page, "usage: " LWC_PROGRAM " [OPTION]... %s", command->name);
    if (lwc_is_set(command->needs)) {
        ADD(page, " %s", command->needs);
    }
    for (size_t i = 0; i < LWC_OPTS; i++) {
        const struct lwc_option *option = lwc_option_at((enum lwc_opt)i);

        if ((command->options & LWC_OPT_BIT(i)) == 0) {
            continue;
        }
        ADD(page, "\n         [--%s%s%s]", option->name, option->value == NULL ? "" : " ",
            option->value == NULL ? "" : option->value);
    }
    ADD(page, "\n\n%s\n", command->summary);
    if (lwc_is_set(command->text)) {
        ADD(page, "\n%s\n", command->text);
    }
}

static void add_formats(struct page *page)
{
    const struct lwc_format *format = NULL;

    ADD(page, "\nFormats:\n");
    for (size_t i = 0; (format = lwc_format_at(i)) != NULL; i++) {
        ADD(page, "  %-10s  %s\n", format->name, format->summary);
    }
}

enum lwc_code lwc_help_command(const struct lwc_command *command, struct lwc_error *err)
{
    LWC_AUTO(struct page, page_free) page = page_new(err);

    add_synopsis(&page, command);
    add_options(&page, "Options", command->options);
    if ((command->options & LWC_OPT_BIT(LWC_OPT_FORMAT)) != 0) {
        add_formats(&page);
    }
    add_options(&page, "Options of every command", LWC_OPTS_GLOBAL);
    ADD(&page, "\nExample:\n  " LWC_PROGRAM " %s\n", command->example);
    return page_print(&page);
}

enum lwc_code lwc_help_program(struct lwc_error *err)
{
    LWC_AUTO(struct page, page_free) page = page_new(err);
    const struct lwc_command *command = NULL;

    ADD(&page, "usage: " LWC_PROGRAM " [OPTION]... COMMAND [OPTION]...\n\n"
               "Keeps Lacework access keys and turns them into fresh bearer tokens.\n\n"
               "Commands:\n");
    for (size_t i = 0; (command = lwc_command_at(i)) != NULL; i++) {
        ADD(&page, "  %-10s  %s\n", command->name, command->summary);
    }
    add_options(&page, "Options", LWC_OPTS_GLOBAL);
    ADD(&page, "\n'" LWC_PROGRAM " COMMAND --help' explains a command.\n\n"
               "Example:\n  " LWC_PROGRAM " add --profile prod --account acme\n");
    return page_print(&page);
}

enum lwc_code lwc_help_version(struct lwc_error *err)
{
    LWC_AUTO(struct page, page_free) page = page_new(err);

    ADD(&page, LWC_PROGRAM " %s\n", lwc_version());
    return page_print(&page);
}

enum lwc_code lwc_help_run(struct lwc_app *app, struct lwc_error *err)
{
    const struct lwc_command *command = NULL;
    enum lwc_code code = LWC_OK;

    if (app->args.operands < 2) {
        return lwc_help_program(err);
    }
    code = lwc_command_find(app->args.operand[1], &command, err);
    return code != LWC_OK ? code : lwc_help_command(command, err);
}
