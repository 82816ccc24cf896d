/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/agent/manifest.h"

#include <string.h>

#include "base/append.h"
#include "base/text.h"

#define OBJECT_NAME_MAX 253
#define LABEL_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-"
#define ALIAS_SHOWN 256

static const char script_head[] =
    "#!/bin/sh\n"
    "# Installs the Lacework agent with the agent access token '%s'.\n"
    "#\n"
    "# The token comes from the file that is the argument, else from standard input:\n"
    "#     lw-credential-helper agent-token show NAME --reveal | ssh HOST sudo sh "
    "install-agent.sh\n"
    "#     sudo sh install-agent.sh TOKEN-FILE\n"
    "# It never stands in a command line, where other users and logs would see it.\n"
    "set -eu\n"
    "umask 077\n"
    "config=/var/lib/lacework/config/config.json\n"
    "server_url='%s'\n";

static const char script_body[] =
    "if [ -e \"$config\" ]; then\n"
    "    echo \"$config is there; to change its token:"
    " lw-credential-helper agent-token install --token-stdin --config $config\" >&2\n"
    "    exit 1\n"
    "fi\n"
    "[ $# -eq 0 ] || exec <\"$1\"\n"
    "IFS= read -r token || [ -n \"$token\" ]\n"
    "case $token in\n"
    "?) token= ;;\n"
    "-* | *- | *[!0-9A-Za-z-]*) token= ;;\n"
    "esac\n"
    "if [ -z \"$token\" ] || [ \"${#token}\" -gt 57 ]; then\n"
    "    echo 'no agent access token on standard input, or in the file' >&2\n"
    "    exit 1\n"
    "fi\n"
    "installer=$(curl -fsSL --proto '=https' https://packages.lacework.net/install.sh)\n"
    "{\n"
    "    # printf is a part of the shell: no process is started with the token.\n"
    "    if [ -n \"$server_url\" ]; then\n"
    "        printf \"set -- -U '%s' %s\\\\n\" \"$server_url\" \"$token\"\n"
    "    else\n"
    "        printf 'set -- %s\\n' \"$token\"\n"
    "    fi\n"
    "    printf '%s\\n' \"$installer\"\n"
    "} | sh\n";

enum lwc_code lwc_agent_object_name_check(const char *name, struct lwc_error *err)
{
    size_t len = strlen(name);
    bool is_good = len > 0 && len <= OBJECT_NAME_MAX;

    for (const char *label = name; is_good; label += len + 1) {
        len = strcspn(label, ".");
        is_good = len > 0 && len <= 63 && strspn(label, LABEL_CHARACTERS) == len &&
                  label[0] != '-' && label[len - 1] != '-';
        if (label[len] == '\0') {
            break;
        }
    }
    return is_good ? LWC_OK
                   : lwc_hint(err, lwc_fail(err, LWC_E_INVALID, "no name of a Kubernetes object"),
                              "lower-case letters, digits, '-' and '.', such as %s",
                              LWC_AGENT_SECRET_NAME);
}

enum lwc_code lwc_agent_script_write(const char *alias, const char *url, struct lwc_buf *out,
                                     struct lwc_error *err)
{
    char shown[ALIAS_SHOWN];
    enum lwc_code code = lwc_text_append(
        out, err, script_head, lwc_text_printable(shown, sizeof shown, alias, strlen(alias)),
        url != NULL ? url : "");

    return code == LWC_OK ? lwc_buf_append(out, script_body, sizeof script_body - 1, err) : code;
}

enum lwc_code lwc_agent_secret_write(const char *name, const char *name_space, const char *token,
                                     struct lwc_buf *out, struct lwc_error *err)
{
    return lwc_text_append(out, err,
                           "apiVersion: v1\n"
                           "kind: Secret\n"
                           "metadata:\n"
                           "  name: \"%s\"\n"
                           "%s%s%s"
                           "type: Opaque\n"
                           "stringData:\n"
                           "  " LWC_AGENT_SECRET_KEY ": \"%s\"\n",
                           name, name_space != NULL ? "  namespace: \"" : "",
                           name_space != NULL ? name_space : "", name_space != NULL ? "\"\n" : "",
                           token);
}

enum lwc_code lwc_agent_helm_write(const char *name, const char *url, struct lwc_buf *out,
                                   struct lwc_error *err)
{
    return lwc_text_append(out, err,
                           "laceworkConfig:\n"
                           "%s%s%s"
                           "  accessToken:\n"
                           "    existingSecret:\n"
                           "      name: \"%s\"\n"
                           "      key: \"" LWC_AGENT_SECRET_KEY "\"\n",
                           url != NULL ? "  serverUrl: \"" : "", url != NULL ? url : "",
                           url != NULL ? "\"\n" : "", name);
}
