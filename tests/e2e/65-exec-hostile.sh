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

# Malformed output.
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
answers 4 'declined, and said to ask no other helper' 'echo quit=1'

# How it ends: a program that ran and failed is passed over by no line, and by "optional" alone.
stack "command=$helper account=acme timeout=1"
answers 15 'failed with exit status 1: no bus here' 'echo "no bus here" >&2; echo more >&2' 'exit 1'
answers 15 'failed with exit status 2: gpg: decryption failed \(agent locked\)' 'echo "gpg: decryption failed (agent locked)" >&2' 'exit 2'
answers 15 'crashed \(SIGSEGV\)' 'kill -SEGV $$'
answers 15 'did not answer in time' 'sleep 1000'
answers 15 'did not answer in time' 'trap "" TERM INT HUP' 'echo password=s3cret' 'sleep 1000 & while :; do sleep 1; done'
answers 15 'did not answer in time' 'exec <&- >&- 2>&-' 'sleep 1000'
answers 15 'did not answer in time' 'while :; do echo noise >&2; done'
printf '#!/no/such/interpreter\n' >"$helper"
asked 15 "cannot start '$helper'"
printf 'lookup required exec command=%s account=acme\n' "$helper" >"$T/stack"
answers 3 'no credential' 'exit 0'

# Its stderr shows no part of what it answered, nor of what it was given, wherever that is cut.
answers 15 'failed with exit status 1$' 'echo username=ACME_01; echo password=s3cret-s3cret' 'echo password=_s3cret >&2' 'exit 1'
answers 15 'failed with exit status 1$' 'echo password=_s3cret' 'printf "%0170d_s3cret and more" 0 >&2' 'exit 1'
printf 'store required exec command=%s account=acme\n' "$helper" >>"$T/stack"
for length in 0 150 180 190 196 250; do
    {
        printf '#!/bin/sh\n[ "$1" = store ] || exit 0\n'
        printf 'secret=$(sed -n s/^password=//p)\nprintf "%%0*d%%s" %s 0 "$secret" >&2\nexit 1\n' "$length"
    } >"$helper"
    run 15 "$HELPER" add --account acme --key-id ACME_01 --secret-stdin --no-verify <<<_0123456789abcdef0123456789abcdef
    expect_stderr_has 'failed with exit status 1'
    expect_stderr_lacks '_0123|4567|cdef'
done

# Programs that must not be started.
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
printf 'lookup required exec command=%s acount=acme\n' "$helper" >"$T/stack"
asked 2 "unknown argument 'acount=acme'"

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
