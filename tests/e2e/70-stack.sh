#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Stack files: which is in force, what config check and config show say, what the manual says.
. "$(dirname "$0")/../support/e2e.sh"
export LWCRED_BACKEND_DIR=$O/tests/modules
unset LWCRED_CONFIG LWCRED_SERVICE
USER_DIR=$XDG_CONFIG_HOME/lwcred/stack.d
mkdir -p "$USER_DIR"
chmod 700 "$XDG_CONFIG_HOME" "$XDG_CONFIG_HOME/lwcred" "$USER_DIR"

json() { # python expression over the object d in $OUT
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not (eval(sys.argv[2])))' "$OUT" "$1" ||
        fail "not so: $1"
}

# --- which file
run 0 "$HELPER" config check
expect_stdout "built-in: ok, 8 lines"
run 0 "$HELPER" config show
expect_stdout_has '^# built-in$'
expect_stdout_has '^lookup \[success=done not_found=ignore unavailable=ignore default=die\] env  # built-in:1$'
printf 'lookup required answer a\n' >"$USER_DIR/default"
printf 'lookup required answer b\n' >"$USER_DIR/git"
printf 'lookup required answer c\n' >"$T/own"
source_is() { # file, words of the command line
    local file=$1
    shift
    run 0 "$HELPER" config show --json "$@"
    json "d['source'] == '$file'"
}
source_is "$USER_DIR/default"
source_is "$USER_DIR/git" --service git
source_is "$USER_DIR/default" --service other
LWCRED_SERVICE=git source_is "$USER_DIR/git"
LWCRED_SERVICE=git source_is "$USER_DIR/default" --service default
source_is "$T/own" --config "$T/own"
LWCRED_CONFIG=$T/own source_is "$T/own"
LWCRED_CONFIG=$T/own source_is "$USER_DIR/git" --config "$USER_DIR/git" --service other
run 0 "$HELPER" config check "$T/own"
expect_stdout "$T/own: ok, 1 line"
run 2 "$HELPER" --service ../git config show
run 2 "$HELPER" --config "$T/none" config show
run 2 "$HELPER" config check "$T/none"
expect_stdout_empty
expect_stderr_has "stack file '$T/none': No such file"

# --- what is wrong is told, all of it
mkdir "$T/inner"
printf 'lookup requird env\nset cache disk\n' >"$T/inner/common"
printf '%s\n' 'include inner/common' 'lokup required env' 'lookup [success=done \' '    sucess=ok] env' \
    $'lookup required env \x1b[31mred' 'lookup required /bin/sh' 'include gone' >"$T/bad"
run 2 "$HELPER" config check "$T/bad"
expect_stderr_has '^lw-credential-helper: stack file: 7 errors$'
[ "$(wc -l <"$OUT")" = 7 ] || fail "7 lines expected"
expect_stdout_has "^$T/inner/common:1:8: error: unknown control 'requird' \(did you mean 'required'\?\)$"
expect_stdout_has "^$T/inner/common:2:11: error: unknown cache 'disk' \(one of: auto, "
expect_stdout_has "^$T/bad:2:1: error: unknown operation 'lokup' \(did you mean 'lookup'\?\)$"
expect_stdout_has "^$T/bad:4:5: error: unknown return word 'sucess'"
expect_stdout_has "^$T/bad:5:21: error: control byte .x1b"
expect_stdout_has "^$T/bad:6:17: error: not a backend's name"
expect_stdout_has "^$T/bad:7:9: error: include: $T/gone: No such file"
run 2 "$HELPER" --json config check "$T/bad"
json "d['errors'] == 7 and not d['ok'] and d['more'] == 0 and len(d['findings']) == 7"
json "d['findings'][2] == {'kind': 'error', 'file': '$T/bad', 'line': 2, 'column': 1,
    'message': \"unknown operation 'lokup'\", 'hint': \"did you mean 'lookup'?\"}"
run 2 "$HELPER" --config "$T/bad" get --profile p
expect_stdout_empty
expect_stderr_has "^lw-credential-helper: $T/bad:1:9: $T/inner/common:1:8: unknown control 'requird'$"
printf 'lookup\n%.0s' {1..30} >"$T/many"
run 2 "$HELPER" config check "$T/many"
[ "$(grep -c ': error: ' "$OUT")" = 20 ] || fail "20 errors expected"
expect_stdout_has '^and 10 more$'
run 2 "$HELPER" --json config check "$T/many"
json "d['errors'] == 30 and d['more'] == 10 and len(d['findings']) == 20"

# Useless lines are a warning, not an error.
printf '%s\n' 'lookup [default=done] answer' 'lookup required env' 'store required env' \
    'erase sufficient nowhere' >"$T/odd"
run 0 "$HELPER" config check "$T/odd"
expect_stdout_has "^$T/odd:2:1: warning: this line is never reached"
expect_stdout_has "^$T/odd:3:1: warning: backend 'env' cannot store"
expect_stdout_has "^$T/odd:4:1: warning: backend 'nowhere' is not installed"
expect_stdout_has "^$T/odd: ok, 4 lines$"

# An argument that a backend refuses is an error, and at run time named with file, line and backend.
refused() { # message, words of the line
    printf '%s\n' '# a comment' "lookup required $2" >"$T/args"
    run 2 "$HELPER" config check "$T/args"
    expect_stdout_has "^$T/args:2:1: error: $1"
    expect_stderr_has 'stack file: 1 error$'
    run 2 "$HELPER" --config "$T/args" get --format token --profile p
    expect_stdout_empty
    expect_stderr_has "$T/args:2: $1"
}
refused "backend 'file': .*'pth=/x'" 'file pth=/x'
refused "backend 'exec': .*command=/PATH is missing" exec
refused "backend 'exec': .*'bin/x' is no absolute path" 'exec command=bin/x'
refused "backend 'exec': .*'commmand=/x'" 'exec commmand=/x'
export DBUS_SESSION_BUS_ADDRESS=unix:path=$T/none # or it is absent before it sees its arguments
refused "backend 'secret-service': .*'colection=x'" 'secret-service colection=x'
refused "backend 'secret-service': .*timeout=x" 'secret-service timeout=x'
unset DBUS_SESSION_BUS_ADDRESS

# --- files that are none
bad_file() { # status, text on stderr
    run "$1" timeout 10 "$HELPER" config check "$T/it"
    expect_stdout_empty
    expect_stderr_has "$2"
    run "$1" timeout 10 "$HELPER" --config "$T/it" get --profile p
    expect_stdout_empty
    printf 'include it\n' >"$T/outer"
    run "$1" timeout 10 "$HELPER" --config "$T/outer" get --profile p
    expect_stdout_empty
    expect_stderr_has "^lw-credential-helper: $T/outer:1:9: "
}
printf 'lookup required env\n' >"$T/it"
chmod 664 "$T/it"
bad_file 14 'can be written by others'
rm "$T/it"
mkfifo "$T/it"
bad_file 2 'is a FIFO'
rm "$T/it"
mkdir "$T/it"
bad_file 2 'is a directory'
rmdir "$T/it"
ln -s it "$T/it"
bad_file 2 'symbolic links'
rm "$T/it"
head -c 65537 /dev/zero | tr '\0' '\n' >"$T/it"
bad_file 2 'more than 65536'
mkdir "$T/open"
printf 'lookup required env\n' >"$T/open/it"
chmod 777 "$T/open"
ln -sf "$T/open/it" "$T/it"
bad_file 14 'can be written by others'
rm "$T/it"
printf 'lookup required env' >"$T/it"
ln -s it "$T/link"
run 0 "$HELPER" config check "$T/link"
expect_stdout "$T/link: ok, 1 line"

# --- show is a stack file that means the same, however often
printf '%s\n' 'set min-valid 5m' 'include inner/good' 'lookup sufficient answer [a \] b] c\' ' [d#e] # x' \
    'store include inner/good' >"$T/whole"
printf '%s\n' 'set cache none' 'lookup [success=2 error=ok] env' 'lookup optional answer' 'store requisite file' >"$T/inner/good"
run 0 "$HELPER" --config "$T/whole" config show
expect_stdout_has "^set min-valid 300  # $T/whole:1$"
expect_stdout_has "^set cache none  # $T/inner/good:1$"
expect_stdout_has "^lookup \[success=2 not_found=bad locked=bad denied=bad unavailable=bad invalid=bad default=ok\] env  # $T/inner/good:2$"
expect_stdout_has "^lookup \[.*\] answer \[a .\] b\] c \[d#e\]  # $T/whole:3$"
[ "$(grep -c '^store ' "$OUT")" = 2 ] || fail "the included store line stands there twice"
sed 's/  # .*//; /^#/d' "$OUT" >"$T/expected"
cp "$OUT" "$T/shown"
run 0 "$HELPER" --config "$T/shown" config show
sed 's/  # .*//; /^#/d' "$OUT" | diff "$T/expected" - || fail "it does not mean the same any more"
run 0 "$HELPER" --config "$T/whole" --json config show
json "[l['text'] for l in d['lines']] == open('$T/expected').read().splitlines()"
json "[l for l in d['lines'] if l.get('backend') == 'answer'][1]['arguments'] == ['a ] b', 'c', 'd#e']"
json "[(l['setting'], l['value']) for l in d['lines'] if l['operation'] == 'set'] == [('cache', ['none']), ('min-valid', ['300'])]"

# --- the command line
run 2 "$HELPER" config
run 2 "$HELPER" config chek
run 2 "$HELPER" config show "$T/whole"
run 2 "$HELPER" config check "$T/whole" "$T/whole"
run 2 "$HELPER" --config "$T/whole" config check "$T/whole"

# --- the manual: every word is there, its expansions are those of the program, its examples work
PAGE=$ROOT/docs/lwcred.conf.5
sed -n '/^\.It Cm /{s/^\.It Cm \([a-z_-]*\).*/\1/;h;n;s/^\.Li \[\([^ ]*=.*\)\]$/\1/;t print;d;:print;H;g;s/\n/ /;p}' \
    "$PAGE" >"$T/words"
[ "$(wc -l <"$T/words")" = 4 ] || fail "4 control words expected in the manual: $(cat "$T/words")"
while read -r word meaning; do
    printf 'lookup %s env\n' "$word" >"$T/one"
    run 0 "$HELPER" --config "$T/one" config show
    expect_stdout_has "^lookup \[$meaning\] env  # "
done <"$T/words"
listed() { # line of a stack file: the words of the hint that it gets
    printf '%s\n' "$1" >"$T/one"
    run 2 "$HELPER" config check "$T/one"
    sed -n 's/.*(one of: \(.*\))$/\1/p' "$OUT" | tr -d ' ' | tr ',' '\n'
}
{
    listed 'x required env'
    listed 'lookup x env'
    listed 'lookup [x=ok] env'
    listed 'lookup [error=x] env'
    listed 'set x y'
    listed 'set cache x'
} | grep -vx -e 'anumberoflines' -e '\[RETURN=ACTION...\]' | sort -u >"$T/known"
[ "$(wc -l <"$T/known")" -ge 28 ] || fail "the hints name too little: $(tr '\n' ' ' <"$T/known")"
while read -r word; do
    grep -qE "^\.(It|Cm|Op).*\b$word\b" "$PAGE" || grep -qE "^\.It Cm set cache .*\b$word\b" "$PAGE" ||
        fail "the manual does not explain '$word'"
done <"$T/known"
sed -n '/^\.Bd -literal/,/^\.Ed/p' "$PAGE" | sed 's/\\e/\\/g' |
    awk -v dir="$T" '/^\.Bd/ {n++} !/^\./ {print > (dir "/example." n)}'
examples=0
for example in "$T"/example.*; do
    grep -q '^operation' "$example" && continue
    examples=$((examples + 1))
    chmod 600 "$example"
    run 0 "$HELPER" config check "$example"
    expect_stdout_has ': ok, [1-9] lines?$'
    expect_stdout_lacks 'never|nothing|cannot'
done
[ "$examples" = 4 ] || fail "4 examples expected, saw $examples"
grep -h '^#' "$T"/example.* | sort | tr '\n' ' ' | grep -qx '# CI # laptop # server ' || fail "three set-ups expected"
# The built-in stack is printed as it is.
mv "$T/example.2" "$T/printed"
rm -r "$USER_DIR"
run 0 "$HELPER" config show
sed 's/  # .*//; /^#/d' "$OUT" >"$T/expected"
chmod 600 "$T/printed"
run 0 "$HELPER" --config "$T/printed" config show
sed 's/  # .*//; /^#/d' "$OUT" | diff "$T/expected" - || fail "the manual prints another built-in stack"
echo ok
