# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Completion of lw-credential-helper(1) for bash.  The program's own help texts are the lists.

_lw_credential_helper_commands() { # program
    "$1" --help 2>/dev/null | sed -n '/^Commands:$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

_lw_credential_helper_options() { # program [command]
    "$@" --help 2>/dev/null | sed -n 's/^  \(-[a-z], \|    \)\(--[a-z-]*\) .*/\2/p'
}

_lw_credential_helper_operands() { # program command
    "$@" --help 2>/dev/null | sed -n '1{s/ \[FILE\]//;s/^usage: .* \([a-z|]*|[a-z]*\)$/\1/p}' | tr '|' ' '
}

_lw_credential_helper_values() { # program option
    case $2 in
    --format) "$1" get --help 2>/dev/null | sed -n '/^Formats:$/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p' ;;
    --backend) "$1" backends 2>/dev/null | cut -d ' ' -f 1 ;;
    -p | --profile) "$1" list --no-prompt 2>/dev/null | sed '1d; s/ .*//' ;;
    -a | --account) "$1" list --no-prompt 2>/dev/null | sed '1d' | awk '{print $2}' | sort -u ;;
    esac
}

_lw_credential_helper() {
    local program=$1 word=$2 previous=$3 command='' commands i
    [ "$word" = = ] && word=''
    [ "$previous" = = ] && previous=${COMP_WORDS[COMP_CWORD - 2]}
    case $previous in
    --config | --secret-file)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    -p | --profile | -a | --account | --format | --backend)
        mapfile -t COMPREPLY < <(compgen -W "$(_lw_credential_helper_values "$program" "$previous")" -- "$word")
        return
        ;;
    --service | --timeout | --ttl | --min-valid | --sub-account | --key-id | --api-url)
        COMPREPLY=()
        return
        ;;
    esac
    commands=$(_lw_credential_helper_commands "$program")
    for ((i = 1; i < COMP_CWORD; i++)); do
        if [ -z "$command" ] && [[ $'\n'$commands$'\n' == *$'\n'"${COMP_WORDS[i]}"$'\n'* ]]; then
            command=${COMP_WORDS[i]}
        fi
    done
    if [ "$command $previous" = 'config check' ] && [[ $word != -* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_lw_credential_helper_options "$program" ${command:+"$command"})" -- "$word")
    elif [[ $command == show || $command == remove ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_lw_credential_helper_values "$program" --profile)" -- "$word")
    elif [ -z "$command" ] || [ "$command" = help ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -W "$(_lw_credential_helper_operands "$program" "$command")" -- "$word")
    fi
}

complete -F _lw_credential_helper lw-credential-helper
