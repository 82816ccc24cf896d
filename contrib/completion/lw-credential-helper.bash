# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Completion of lw-credential-helper(1) for bash.  The program's own help texts, which are made from
# its tables, are the lists: a new command, option or operand needs no line here.

_lw_credential_helper_help() { # section, program [command [subcommand]]: first words of its lines
    "${@:2}" --help 2>/dev/null | sed -n "/^$1:\$/,/^\$/s/^  \([a-z][a-z-]*\) .*/\1/p"
}

_lw_credential_helper_options() { # program [command [subcommand]]
    "$@" --help 2>/dev/null | sed -n 's/^  \(-[A-Za-z], \|    \)\(--[a-z0-9-]*\).*/\2/p'
}

_lw_credential_helper_value() { # option, program [command [subcommand]]: "NAME", or nothing
    "${@:2}" --help 2>/dev/null |
        sed -n "s/^  \(-[A-Za-z], \|    \)\(--[a-z0-9-]*\) \([^ ]\+\)  .*/ \1 \2 \3/p" | tr -d , |
        while read -r first second third; do
            [[ $first != "$1" && $second != "$1" ]] || echo "${third:-$second}"
        done
}

_lw_credential_helper_operands() { # program command [subcommand]: "METHOD PATH"
    "$@" --help 2>/dev/null | sed -n "1s/^usage: [^ ]* \[OPTION\]\.\.\. ${*:2}//p"
}

_lw_credential_helper_list() { # what a value, or an operand, is; program
    case $1 in
    --format) _lw_credential_helper_help Formats "$2" get ;;
    --backend) "$2" backends 2>/dev/null | cut -d ' ' -f 1 ;;
    -p | --profile | PROFILE) "$2" list --no-prompt 2>/dev/null | sed '1d; s/ .*//' ;;
    -a | --account) "$2" list --no-prompt 2>/dev/null | sed '1d' | awk '{print $2}' | sort -u ;;
    esac
}

_lw_credential_helper() {
    local program=$1 word=$2 previous=$3 chain=("$1") list value i
    [ "$word" = = ] && word=''
    [ "$previous" = = ] && previous=${COMP_WORDS[COMP_CWORD - 2]}
    list=$(_lw_credential_helper_help Commands "$program")
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [[ $'\n'$list$'\n' == *$'\n'"${COMP_WORDS[i]}"$'\n'* ]]; then
            [ "${chain[*]:1}" = help ] && chain=("$program")
            chain+=("${COMP_WORDS[i]}")
            [ "${COMP_WORDS[i]}" = help ] || list=$(_lw_credential_helper_help Commands "${chain[@]}")
        fi
    done
    value=''
    [[ $previous != -* ]] || value=$(_lw_credential_helper_value "$previous" "${chain[@]}")
    if [ -n "$value" ]; then
        list=$(_lw_credential_helper_list "$previous" "$program")
    elif [[ $word == -* ]]; then
        list=$(_lw_credential_helper_options "${chain[@]}")
    elif [ -z "$list" ]; then
        value=$(_lw_credential_helper_operands "${chain[@]}")
        [[ $value != *PROFILE* ]] || list=$(_lw_credential_helper_list PROFILE "$program")
    fi
    if [[ $value == *FILE* ]] && [[ $value != *PROFILE* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$list" -- "$word")
    fi
}

complete -F _lw_credential_helper lw-credential-helper
