/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/secret-service/messages.h"

#include "base/hints.h"
#include "base/util.h"

#define OR_FILE "or keep keys in the encrypted file (backend 'file')"

static const struct {
    enum lwc_code code;
    const char *text;
    const char *hint;
} wrongs[] = {
    [LWC_WRONG_NO_BUS] = {LWC_E_UNAVAILABLE, "the session bus does not answer",
                          "DBUS_SESSION_BUS_ADDRESS may be that of an earlier session: log in "
                          "again, " OR_FILE},
    [LWC_WRONG_NOT_OURS] = {LWC_E_UNSAFE, "the session bus is not yours",
                            "su and sudo keep DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR: use "
                            "'su -', or unset them"},
    [LWC_WRONG_NO_PROVIDER] = {LWC_E_UNAVAILABLE, "no program on the session bus keeps secrets",
                               "start GNOME Keyring, KWallet or KeePassXC, " OR_FILE},
    [LWC_WRONG_NO_DEFAULT] = {LWC_E_UNAVAILABLE, "the keyring has no default collection",
                              "make one in \"Passwords and Keys\" (seahorse) and set it as "
                              "default, " OR_FILE},
    [LWC_WRONG_NO_NAMED] = {LWC_E_UNAVAILABLE, "the keyring has no such collection",
                            "collection= takes an alias, a label or a path"},
    [LWC_WRONG_HUNG] =
        {LWC_E_FAILED, "the keyring did not answer in time",
         "it is stopped or hangs: restart it (gnome-keyring-daemon --replace), " OR_FILE},
    [LWC_WRONG_LOCKED] = {LWC_E_LOCKED, "the keyring is locked",
                          "unlock it in your desktop session, " OR_FILE},
    [LWC_WRONG_ASKS] = {LWC_E_LOCKED, "the keyring does this only in a window of its own",
                        "run it in your desktop session, " OR_FILE},
    [LWC_WRONG_DISMISSED] = {LWC_E_LOCKED, "the keyring is locked, and its window was dismissed",
                             "unlock it in your desktop session, " OR_FILE},
    [LWC_WRONG_UNANSWERED] = {LWC_E_LOCKED,
                              "the keyring is locked, and its window was not answered in time",
                              LWC_HINT_WINDOW},
    [LWC_WRONG_DENIED] = {LWC_E_DENIED, "the keyring may not be used",
                          "the policy of the session bus or the keyring refuses it, " OR_FILE},
    [LWC_WRONG_FAILED] = {LWC_E_FAILED, "the keyring failed",
                          "is it still running?  'secret-tool search --all xdg:schema "
                          "net.lacework.AccessKey' asks it, too"},
};

enum lwc_code lwc_messages_fail(enum lwc_wrong wrong, const struct lwc_messages *words,
                                struct lwc_error *err)
{
    const enum lwc_code code = wrongs[wrong].code;

    if (words->why != NULL) {
        lwc_describe(err, code, "%s: %s", wrongs[wrong].text, words->why);
    } else {
        lwc_describe(err, code, "%s", wrongs[wrong].text);
    }
    if (wrong == LWC_WRONG_HUNG || wrong == LWC_WRONG_UNANSWERED) {
        lwc_describe(err, code, "%s (%.1f s)", wrongs[wrong].text, (double)words->limit_ms / 1000);
    }
    if (words->collection != NULL) {
        (void)!lwc_wrap(err, code, "collection '%s'", words->collection);
    }
    return lwc_hint(err, code, "%s", wrongs[wrong].hint);
}
