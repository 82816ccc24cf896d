#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Helpers that hang, flood, lie or may not be started: the call ends, says why, and nothing that is
# weaker answers in their place.
. "$(dirname "$0")/../support/e2e.sh"
export LWCRED_CONFIG=$T/stack
export LW_ACCOUNT=acme LW_API_KEY=ENV_01 LW_API_SECRET=_env
helper=$T/helper

asked() { # status, pattern of stderr
    run "$1" timeout 60 "$HELPER" get --account acme --format token
    expect_stdout_empty
    expect_stderr_has "$2"
    expect_stderr_lacks 's3cret|ENV_01'
}

stack() { # words behind "exec"
    printf 'lookup sufficient exec %s\nlookup sufficient env\n' "$*" >"$T/stack"
}

answers() { # status, pattern of stderr, lines of the script...
    local status=$1 pattern=$2
    shift 2
    {
        echo '#!/bin/sh'
        printf '%s\n' "$@"
    } >"$helper"
    chmod 700 "$helper"
    asked "$status" "$pattern"
}

# What it says.
stack "command=$helper account=acme key-id=ACME_01"
answers 2 'ends in the middle of a line' 'printf passwo'
answers 2 'ends in the middle of a line' "printf 'username=ACME_01\npassword=s3cret'"
answers 2 "a line without '='" 'echo s3cret'
answers 2 'a control byte' "printf 'password=s3cret\r\n'"
answers 2 'a control byte' "printf 'password=s3\000cret\n'"
answers 2 'another host' 'echo host=evil.example' 'echo password=s3cret'
answers 2 'another protocol' 'echo protocol=http' 'echo password=s3cret'
answers 2 'another user name' 'echo username=ACME_02' 'echo password=s3cret'
answers 2 'says password twice' 'echo password=s3cret' 'echo password=s3cret'
answers 2 'more than [0-9]+ bytes' 'while :; do echo password=s3cret; done'
answers 4 'declined, and said that nobody else is to be asked' 'echo quit=1'

# How it ends: not there is not the same as nothing held.
stack "command=$helper account=acme timeout=1" >"$T/stack"
sed -i 's/^lookup sufficient exec/lookup required exec/; $d' "$T/stack"
answers 3 'no credential' 'exit 0'
answers 8 'failed with exit status 1: no bus here' 'echo "no bus here" >&2; echo more >&2' 'exit 1'
answers 8 'crashed \(SIGSEGV\)' 'kill -SEGV $$'
answers 8 'did not answer in time' 'sleep 1000'
answers 8 'did not answer in time' 'trap "" TERM INT HUP' 'echo password=s3cret' 'sleep 1000 & while :; do sleep 1; done'
answers 8 'did not answer in time' 'exec <&- >&- 2>&-' 'sleep 1000'
answers 8 'did not answer in time' 'while :; do echo noise >&2; done'

# What may not be started.
chmod 600 "$helper"
asked 2 "'$helper' is not executable"
chmod 720 "$helper"
asked 14 'can be written by others'
expect_stderr_has "^hint: chmod go-w"
chmod 702 "$helper"
asked 14 'can be written by others'
mkdir -m 777 "$T/theirs"
printf '#!/bin/sh\n' >"$T/theirs/helper"
chmod 700 "$T/theirs/helper"
printf 'lookup required exec command=%s account=acme\n' "$T/theirs/helper" >"$T/stack"
asked 14 'directory .*/theirs can be written by others'
printf 'lookup required exec command=%s account=acme\n' "$T" >"$T/stack"
asked 2 'is a directory, not a file'
printf 'lookup required exec command=%s account=acme\n' "$T/nowhere" >"$T/stack"
asked 8 "'$T/nowhere' is not installed"
printf 'lookup required exec command=git-credential-store account=acme\n' >"$T/stack"
asked 2 "'git-credential-store' is no absolute path"
printf 'lookup required exec account=acme\n' >"$T/stack"
asked 2 'command=/PATH is missing'

# No variable of ours, no terminal and no descriptor gets there; no shell reads the arguments.
cat >"$helper" <<END
#!/bin/sh
{ printf '%s\n' "\$@"; env; pwd; } >"$T/seen"
END
chmod 700 "$helper"
printf 'lookup required exec command=%s arg=$(id) arg=;x account=acme\n' "$helper" >"$T/stack"
asked 3 'no credential'
grep -qxF '$(id)' "$T/seen" && grep -qxF ';x' "$T/seen" && grep -qxF get "$T/seen" || fail 'the arguments were changed'
grep -qxF / "$T/seen" || fail 'it runs in another directory'
! grep -E '^(LW|LWCRED)_|_env' "$T/seen" || fail 'it was given what is not its business'
echo ok
