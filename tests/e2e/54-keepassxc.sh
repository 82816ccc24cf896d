#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Keys in a real KeePassXC, without a screen: it makes a question of every change, even where it
# shows no window, and knows nothing at all of a database that is locked.
. "$(dirname "$0")/../support/secret-service.sh"
GROUP=00112233-4455-6677-8899-aabbccddeeff
DATABASE=$T/keys.kdbx

# Its window is not shown: 2.7.10 with Qt 5.15.15 crashes in QWidget::show() while the database that
# it was started with opens.
keepassxc_settings() { # ConfirmAccessItem
    cat >"$T/keepassxc.ini" <<END
[General]
ConfigVersion=2
UpdateCheckMessageShown=true
AutoSaveAfterEveryChange=true
[GUI]
CheckForUpdates=false
MinimizeOnStartup=true
ShowTrayIcon=true
[FdoSecrets]
Enabled=true
ConfirmAccessItem=$1
ConfirmDeleteItem=false
ShowNotification=false
UnlockBeforeSearch=false
END
}

make_database() { # it shows one group to other programs
    cat >"$T/keys.xml" <<END
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><DatabaseName>Tested</DatabaseName><CustomData>
<Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{$GROUP}</Value></Item>
</CustomData></Meta><Root><Group>
<UUID>$(tr -d - <<<"$GROUP" | python3 -c 'import base64; print(base64.b64encode(bytes.fromhex(input())).decode())')</UUID>
<Name>Root</Name></Group></Root></KeePassFile>
END
    run 0 keepassxc-cli import --set-password --decryption-time 100 "$T/keys.xml" "$DATABASE" \
        <<<"$PASSWORD"$'\n'"$PASSWORD"
}

becomes() { # state: of the default collection, soon
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        "$KEYRING" state 2>/dev/null | grep -qx "$1" && return
        sleep 0.1
    done
    cat "$T/keepassxc.said" >&2
    fail "KeePassXC is not $1"
}

# start_keepassxc [locked]: in place of start_keyring.
start_keepassxc() {
    local how=(--pw-stdin)
    [ "${1:-}" != locked ] || how=()
    # With a question on its screen it does not end when it is told to.
    QT_QPA_PLATFORM=offscreen timeout -k 5 300 keepassxc --config "$T/keepassxc.ini" --localconfig "$T/keepassxc.local.ini" \
        ${how[@]+"${how[@]}"} "$DATABASE" <<<"$PASSWORD" >"$T/keepassxc.said" 2>&1 &
    KEYRING_PID=$!
    "$KEYRING" wait 60 || { cat "$T/keepassxc.said" >&2; fail "KeePassXC did not start"; }
    becomes "${1:-unlocked}"
}

start_standin
plant_key
make_store_keyfile
make_database
keepassxc_settings false
start_bus
start_keepassxc
keyring_stack timeout=20

# Each change opens a window: none without a display, and then nothing changes.
asked='the keyring does this only in a window of its own: there is no display to ask on'
run 4 "$HELPER" add --account acme --key-id "$KEY_ID" --secret-stdin --no-verify <<<"$SECRET"
expect_stderr_has "$asked"
expect_stderr_has '^hint: run it in your desktop session'
run 3 "$HELPER" get --no-cache --format token
DISPLAY=:99 add_key --no-verify --backend secret-service
expect_stderr_has "profile 'default' .* in backend 'secret-service'"

# Its answers without a display.
usual=$HELPER HELPER=$CHECKED
run 0 "$HELPER" get --no-cache --format token
HELPER=$usual
issued_token_matches "$(cat "$OUT")"
run 0 "$HELPER" list
expect_stdout_has "^default +acme\.lacework\.net +$KEY_ID "
run 0 secret-tool lookup xdg:schema net.lacework.AccessKey profile default
[ "$(cat "$OUT")" = "$SECRET" ] || fail "secret-tool reads another secret"

# Replaced in place, and as another item; removed.
plant_key
DISPLAY=:99 add_key --no-verify --replace
DISPLAY=:99 add_key --no-verify --replace --org-access
run 0 "$KEYRING" show
[ "$(grep -c '^secret=' "$OUT")" = 1 ] || fail "there is more than one item"
grep -qxF "secret=$SECRET" "$OUT" || fail "the old secret is there"
run 4 "$HELPER" remove --profile default
expect_stderr_has "$asked"
DISPLAY=:99 run 0 "$HELPER" remove --profile default
run 3 "$HELPER" get --no-cache --format token
DISPLAY=:99 add_key --no-verify

# Locked while it runs, and from the start: nothing is absent, and no other place gets the key.
locked() {
    local command
    for command in 'get --no-cache --format token' list 'remove --profile default' \
        "add --account acme --profile second --key-id $KEY_ID --secret-stdin --no-verify"; do
        # shellcheck disable=SC2086
        run 4 "$HELPER" $command <<<"$SECRET"
        expect_stdout_empty
        expect_stderr_has 'the keyring is locked: there is no display to ask on'
    done
}
run 0 "$KEYRING" lock
becomes locked
locked
stop_keyring
start_keepassxc locked
locked
stop_keyring

# As it is set at first, it asks before it gives a secret to a program.
keepassxc_settings true
start_keepassxc
for ((tries = 0; tries < 100; tries++)); do # it shows its entries a moment after it unlocks
    run 0 "$HELPER" list
    ! grep -q '^default ' "$OUT" || break
    sleep 0.1
done
expect_stdout_has '^default '
run 4 "$HELPER" get --no-cache --format token
expect_stderr_has "$asked"
no_secret_left
echo ok
