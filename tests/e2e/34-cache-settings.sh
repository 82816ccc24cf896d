#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A cached answer ends with a setting that chose it, whichever backend read that: a module loaded
# directly, one in a host, a helper of exec that reads its own environment.
. "$(dirname "$0")/../support/cache.sh"
start_standin
plant_key
RED_ID=$KEY_ID RED_SECRET=$SECRET
plant_key
BLUE_ID=$KEY_ID BLUE_SECRET=$SECRET
XDG_RUNTIME_DIR=$RUN
export LWCRED_BACKEND_DIR=$O/tests/modules LWCRED_CONFIG=$T/stack

PROFILE=team
key_of() { # which key id answers
    run 0 "$HELPER" get --format json -p "$PROFILE"
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["keyId"])' "$OUT"
}
expect_key() { # key id
    local id
    id=$(key_of)
    [ "$id" = "$1" ] || fail "the key $id answers, not $1"
}
expect_cached() { # key id
    local before
    before=$(count_exchanges)
    expect_key "$1"
    expect_exchanges "$before"
}

for place in keyring runtime; do
    for module in team team-hosted; do
        printf 'lookup required %s setting=TEAM origin=%s red=%s:%s blue=%s:%s\nset cache %s\n' $module "$ORIGIN" \
            "$RED_ID" "$RED_SECRET" "$BLUE_ID" "$BLUE_SECRET" $place >"$LWCRED_CONFIG"
        TEAM=red expect_key "$RED_ID"
        TEAM=red expect_cached "$RED_ID"
        TEAM=blue expect_key "$BLUE_ID"
        TEAM=blue expect_cached "$BLUE_ID"
        run 3 "$HELPER" get --format token
        expect_stdout_empty
        TEAM='' run 3 "$HELPER" get --format token
        expect_stdout_empty
        TEAM=red expect_cached "$RED_ID"
        run 0 "$HELPER" cache clear
    done
done

# A host gets some variables in its environment: any library behind a module may read them.
printf 'lookup required team-hosted setting=TEAM origin=%s red=%s:%s\nset cache runtime\n' "$ORIGIN" "$RED_ID" \
    "$RED_SECRET" >"$LWCRED_CONFIG"
export TEAM=red
opens_store() { # whether a backend is asked
    run 0 "$HELPER" -v get --format token
    grep -q 'stack: team-hosted' "$ERR"
}
opens_store || fail "no backend was asked"
! opens_store || fail "the answer was not cached"
for name in USER LOGNAME DISPLAY WAYLAND_DISPLAY XAUTHORITY XDG_CURRENT_DESKTOP LANG LANGUAGE \
    LC_CTYPE LC_MESSAGES; do
    (
        export "$name=other"
        opens_store || fail "$name: the cached answer was given"
        ! opens_store || fail "$name: the answer was not cached"
    )
done

# A helper of exec that keeps one key for each user.
cat >"$T/helper" <<HELPER
#!/bin/sh
case \$USER in
alice) id=$RED_ID secret=$RED_SECRET ;;
bob) id=$BLUE_ID secret=$BLUE_SECRET ;;
*) exit 0 ;;
esac
printf 'username=%s\npassword=%s\n' "\$id" "\$secret"
HELPER
chmod 700 "$T/helper"
printf 'lookup required exec command=%s profile=work account=acme.lacework.net origin=%s\nset cache runtime\n' \
    "$T/helper" "$API_URL" >"$LWCRED_CONFIG"
PROFILE=work
USER=alice expect_key "$RED_ID"
USER=alice expect_cached "$RED_ID"
USER=bob expect_key "$BLUE_ID"
USER=bob expect_cached "$BLUE_ID"
USER=alice expect_cached "$RED_ID"
run 0 "$HELPER" cache clear
echo ok
