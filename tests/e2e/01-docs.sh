#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The documents and the program agree.
. "$(dirname "$0")/../support/e2e.sh"

complain() { printf '%s\n' "$*" | tee -a "$T/complaints" >&2; }

# each WHAT HAYSTACK-FILE PATTERN-PREFIX PATTERN-SUFFIX: every word of stdin stands in the file.
each() {
    local word count=0
    while read -r word; do
        grep -qE -e "$3$word$4" "$2" || complain "$1: $word is not in ${2#"$T/"}"
        count=$((count + 1))
    done
    [ "$count" -gt 0 ] || complain "$1: nothing was looked for"
}

commands() { sed -n '/^Commands:$/,/^$/s/^  \([a-z][a-z-]*\)  .*/\1/p' "$T/help${1:+-$1}"; }
# With subcommands, "cache clear".
all_commands() {
    local command
    while read -r command; do
        echo "$command"
        commands "$command" | sed "s/^/$command /"
    done < <(commands)
}
options() { grep -ohE -e '--[a-z][a-z-]+' "$T"/help "$T"/help-* | sort -u; }

# Help, for the program and every command, on stdout, with an example.
run 0 "$HELPER" --help
expect_stderr_empty
cp "$OUT" "$T/help"
describe() { # command [subcommand]
    run 0 "$HELPER" "$@" --help
    expect_stderr_empty
    expect_stdout_has '^usage: lw-credential-helper .*'"$*"
    expect_stdout_has '^Example:$'
    cp "$OUT" "$T/help-$*"
}
while read -r command; do
    describe "$command"
    while read -r subcommand; do
        describe "$command" "$subcommand"
    done < <(commands "$command")
done < <(commands)
[ "$(all_commands | wc -l)" -gt "$(commands | wc -l)" ] || complain "no command with subcommands"

# Manual pages are clean, and name every command, option, variable and exit status.
for page in docs/*.[1-9]; do
    run 0 mandoc -T lint -W warning "$page"
    expect_stdout_empty
done
manual=$T/manual
mandoc -T ascii -O width=200 docs/lw-credential-helper.1 | sed 's/.\x08//g' >"$manual"
all_commands | while read -r command; do
    [ -n "$(commands "$command" 2>/dev/null)" ] || echo "$command"
done | each command "$manual" '^ +' '( |$)'
options | each option "$manual" '(^|[^-a-z])' '([^-a-z]|$)'
grep -oE -e '--[a-z][a-z-]+' "$manual" | grep -vx -e --option | sort -u | while read -r option; do
    options | grep -xF -e "$option" >/dev/null || echo "$option"
done >"$T/unknown"
[ ! -s "$T/unknown" ] || complain "options in the manual that no help knows: $(tr '\n' ' ' <"$T/unknown")"

variables=$(grep -rhoE '"(LW|LWCRED)_[A-Z_]*[A-Z]"' core backends plugins --include='*.[ch]' | tr -d '"' | sort -u)
printf '%s\n' "$variables" | each variable "$manual" '(^|[^A-Z_])' '([^A-Z_]|$)'
grep -oE '\b(LW|LWCRED)_[A-Z_]*[A-Z]\b' "$manual" | sort -u | while read -r name; do
    grep -qxF -e "$name" -e "${name%_FILE}" <<<"$variables" || echo "$name"
done >"$T/unknown"
[ ! -s "$T/unknown" ] || complain "variables in the manual that nothing reads: $(tr '\n' ' ' <"$T/unknown")"

sed -n 's/^ *LWC_E_\([A-Z_]*\) = \([0-9]*\),.*/\2 \1/p' core/include/lwcred/error.h | tr 'A-Z_' 'a-z-' >"$T/codes"
[ "$(wc -l <"$T/codes")" -ge 14 ] || complain "exit statuses: not read from lwcred/error.h"
while read -r number name; do
    grep -qE "^ +$number +\(?$name\b" "$manual" || complain "exit status $number $name is not in the manual"
    grep -qE "^\| $number \|" README.md || complain "exit status $number is not in README.md"
done <"$T/codes"

# Completion offers the same commands and options.
complete_words() { # words typed so far, the last one unfinished
    PATH=$O/bin:$PATH bash -c '
        . contrib/completion/lw-credential-helper.bash
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        function=$(complete -p lw-credential-helper | sed "s/.* -F \([^ ]*\).*/\1/")
        "$function" "$1" "${@: -1}" "${@: -2:1}"
        printf "%s\n" "${COMPREPLY[@]}"' - "$@" | sed 's/ *$//' | sort -u
}
complete_words lw-credential-helper '' >"$T/completed"
commands | each "completion of commands" "$T/completed" '^' '$'
while read -r command; do
    # shellcheck disable=SC2086
    complete_words lw-credential-helper $command -- >"$T/completed"
    grep -ohE -e '--[a-z][a-z-]+' "$T/help-$command" | grep -vxE -e '--(version|help)' | sort -u |
        each "completion of $command" "$T/completed" '^' '=?$'
done < <(all_commands)
complete_words lw-credential-helper -q cache -v '' >"$T/completed"
commands cache | each "completion of subcommands" "$T/completed" '^' '$'
complete_words lw-credential-helper help cache '' | cmp -s - "$T/completed" || complain "completion of help"

# Completion of files, and of no value that only the user knows.
touch "$T/a-file"
for words in '--config' 'config check' 'add --secret-file'; do
    # shellcheck disable=SC2086
    complete_words lw-credential-helper $words "$T/a-f" >"$T/completed"
    grep -qxF "$T/a-file" "$T/completed" || complain "completion of files after $words"
done
complete_words lw-credential-helper get --ttl '' >"$T/completed"
[ -z "$(cat "$T/completed")" ] || complain "completion of a duration"

# Completion of what is stored, and of operands that are profiles.
make_store_keyfile
for profile in one two; do
    run 0 "$HELPER" add -p "$profile" -a "acct-$profile" --key-id ACME_01 --secret-stdin --no-verify <<<_secret
done
printf '%s\n' one two >"$T/profiles"
printf '%s\n' acct-one.lacework.net acct-two.lacework.net >"$T/accounts"
for words in '-p' 'show' 'remove' 'get --profile'; do
    # shellcheck disable=SC2086
    complete_words lw-credential-helper $words '' | cmp -s - "$T/profiles" || complain "completion of profiles after $words"
done
for words in '-a' 'get --account'; do
    # shellcheck disable=SC2086
    complete_words lw-credential-helper $words '' | cmp -s - "$T/accounts" || complain "completion of accounts after $words"
done

# The recipe for scripts calls curl with a token, and not at all where there is none.
sed -n '/^### Scripts/,/^The token\|^Where/s/^    //p' README.md >"$T/recipe"
grep -q curl "$T/recipe" || complain "README.md has no recipe for scripts"
mkdir "$T/fake"
printf '#!/bin/sh\ncat >>"%s"\n' "$T/curl-got" >"$T/fake/curl"
chmod +x "$T/fake/curl"
PATH=$T/fake:$O/bin:$PATH run 3 bash "$T/recipe"
[ ! -e "$T/curl-got" ] || complain "README.md: without a token curl is called"
printf '#!/bin/sh\necho a-token\n' >"$T/fake/lw-credential-helper"
chmod +x "$T/fake/lw-credential-helper"
PATH=$T/fake:$PATH run 0 bash "$T/recipe"
[ "$(cat "$T/curl-got")" = 'header = "Authorization: Bearer a-token"' ] || complain "README.md: curl got something else"

# Versions.
version=$(sed -n 's/^#define LWC_VERSION "\(.*\)"/\1/p' core/include/lwcred/types.h)
grep -qE "^## ${version//./\\.}(,|$)" CHANGELOG.md || complain "CHANGELOG.md has no entry for $version"
run 0 "$HELPER" --version
expect_stdout "lw-credential-helper $version"

# The table of ARCHITECTURE.md names each folder of the product and what lies beside them, and
# nothing else; the text around it names files without their suffix.
sed -n 's/^| `\([^`]*\)` |.*/\1/p' docs/ARCHITECTURE.md >"$T/rows"
while read -r row; do
    [ -e "$row" ] || complain "ARCHITECTURE.md names $row, which does not exist"
done <"$T/rows"
{
    find core backends plugins -type f -name '*.[ch]' -printf '%h/\n'
    find core backends plugins docs contrib tests -maxdepth 1 -type f
    find contrib tests -mindepth 1 -maxdepth 1 -type d -printf '%p/\n'
} | sort -u | while read -r path; do
    grep -qxF -e "$path" -e "$(dirname "$path")/" "$T/rows" || [[ $path == core/include/* ]] || echo "$path"
done >"$T/unknown"
[ ! -s "$T/unknown" ] || complain "not in the table of ARCHITECTURE.md: $(tr '\n' ' ' <"$T/unknown")"

# Every relative link in the documents leads somewhere.
for document in README.md docs/*.md; do
    { grep -oE '\]\([^)#:]+\)' "$document" || true; } | sed 's/^](\(.*\))$/\1/' | while read -r link; do
        [ -e "$(dirname "$document")/$link" ] || echo "$document: $link"
    done
done >"$T/unknown"
[ ! -s "$T/unknown" ] || complain "links that lead nowhere: $(cat "$T/unknown")"

[ ! -e "$T/complaints" ] || fail "the documents and the program differ"
echo ok
