/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/helper/command.h"

#include <string.h>

#include "base/suggest.h"
#include "base/util.h"

#define NAMES_MAX 64

static bool has_name(const struct lwc_command *command, const char *name)
{
    if (lwc_streq(command->name, name)) {
        return true;
    }
    for (size_t i = 0; command->aliases != NULL && command->aliases[i] != NULL; i++) {
        if (lwc_streq(command->aliases[i], name)) {
            return true;
        }
    }
    return false;
}

const struct lwc_command *lwc_command_find(const struct lwc_command *command, const char *name)
{
    for (size_t i = 0; command->subcommands != NULL && command->subcommands[i] != NULL; i++) {
        if (has_name(command->subcommands[i], name)) {
            return command->subcommands[i];
        }
    }
    return NULL;
}

enum lwc_code lwc_command_fail_unknown(const struct lwc_command *command, const char *path,
                                       const char *name, struct lwc_error *err)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    enum lwc_code code = LWC_OK;

    while (count < NAMES_MAX && command->subcommands[count] != NULL) {
        names[count] = command->subcommands[count]->name;
        count++;
    }
    code = lwc_fail_unknown(err, "command", name, names, count);
    if (err != NULL && err->hint[0] == '\0') {
        code = lwc_hint(err, code, "'lw-credential-helper %s%s--help' lists the commands", path,
                        path[0] == '\0' ? "" : " ");
    }
    return path[0] == '\0' ? code : lwc_wrap(err, code, "%s", path);
}

static bool has_key(const struct lwc_option *option, const struct lwc_option_key *key)
{
    if (key->name == NULL) {
        return option->letter == key->letter;
    }
    return strlen(option->name) == key->len && memcmp(option->name, key->name, key->len) == 0;
}

static const struct lwc_option *find_own_option(const struct lwc_command *command,
                                                const struct lwc_option_key *key)
{
    for (size_t i = 0; command->options != NULL && command->options[i] != NULL; i++) {
        if (has_key(command->options[i], key)) {
            return command->options[i];
        }
    }
    return NULL;
}

const struct lwc_option *lwc_command_option(const struct lwc_command *command,
                                            const struct lwc_option_key *key, bool deep)
{
    const struct lwc_option *option = find_own_option(command, key);

    if (!deep || command->subcommands == NULL) {
        return option;
    }
    for (size_t i = 0; option == NULL && command->subcommands[i] != NULL; i++) {
        option = lwc_command_option(command->subcommands[i], key, true);
    }
    return option;
}

void lwc_command_each_option(const struct lwc_command *command, bool deep,
                             void (*visit)(void *data, const struct lwc_option *option), void *data)
{
    for (size_t i = 0; command->options != NULL && command->options[i] != NULL; i++) {
        visit(data, command->options[i]);
    }
    for (size_t i = 0; deep && command->subcommands != NULL && command->subcommands[i] != NULL;
         i++) {
        lwc_command_each_option(command->subcommands[i], true, visit, data);
    }
}
