#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job on this machine alone ("make demo"): an access key goes into an encrypted store,
# git asks for a credential, a fresh token comes out.  A stand-in on loopback plays the API, and
# everything lies in one private directory that is gone at the end.
#   O  build directory (absolute)
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../tests/support/env.sh
. tests/support/env.sh
: "${O:?run this with: make demo}"

dir=$(mktemp -d "${TMPDIR:-/tmp}/lwcred-demo.XXXXXX")
server=
cleanup() {
    [ -z "$server" ] || { kill "$server" && wait "$server" || :; } 2>/dev/null
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

say() { printf '\n# %s\n' "$*"; }
show() { printf '$ %s\n' "$*"; }
run() {
    local word shown=()
    for word in "$@"; do
        [[ $word =~ ^[A-Za-z0-9_./:@=-]+$ ]] && shown+=("$word") || shown+=("'$word'")
    done
    show "${shown[@]}"
    "$@"
}

mkdir "$dir/home" "$dir/bin" "$dir/api"
ln -s "$O/bin/lw-credential-helper" "$dir/bin/lw-credential-helper"
ln -s lw-credential-helper "$dir/bin/git-credential-lacework"
export HOME=$dir/home PATH=$dir/bin:$PATH GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
cd "$dir/home"
checkout=$OLDPWD

say "A stand-in for the Lacework API on loopback, with a certificate of its own CA, that knows one access key."
key_id=DEMO_$(od -An -N 12 -tx1 /dev/urandom | tr -d ' \n' | tr a-f A-F)
(umask 077 && printf '_%s' "$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')" >secret.txt)
printf '%s %s admin\n' "$key_id" "$(sha256sum <secret.txt | cut -d ' ' -f 1)" >"$dir/api/keys"
"$checkout/tests/support/make-ca.sh" "$dir/ca"
python3 "$checkout/tests/support/standin.py" "$dir/api" --parent $$ \
    --tls-cert "$dir/ca/server.pem" --tls-key "$dir/ca/server.key" &
server=$!
for _ in $(seq 100); do
    [ ! -e "$dir/api/port" ] || break
    sleep 0.1
done
port=$(cat "$dir/api/port")
echo "listening on https://127.0.0.1:$port"
export LWCRED_CA_BUNDLE=$dir/ca/ca.pem

say "An encrypted store whose key is a file: no passphrase is asked for.  A stack file names it alone."
show "head -c 32 /dev/urandom >store.key"
(umask 077 && head -c 32 /dev/urandom >store.key)
show "export LWCRED_STORE=~/keys.lwc LWCRED_KEY_FILE=~/store.key"
export LWCRED_STORE=$HOME/keys.lwc LWCRED_KEY_FILE=$HOME/store.key
show "printf '%s required file\\n' lookup store erase >stack"
printf '%s required file\n' lookup store erase >stack
show "export LWCRED_CONFIG=~/stack"
export LWCRED_CONFIG=$HOME/stack

say "Store the access key.  It is proved by one exchange first.  (--api-url is for this demo only.)"
run lw-credential-helper add --account acme --key-id "$key_id" --secret-file secret.txt \
    --backend file --api-url "https://127.0.0.1:$port"
run rm secret.txt

say "Tell git which helper has the passwords of acme.lacework.net, and that no other helper is asked."
run git config --global credential.https://acme.lacework.net.helper ""
run git config --global --add credential.https://acme.lacework.net.helper lacework

say "git asks, and gets a token that was made just now."
show "printf 'protocol=https\\nhost=acme.lacework.net\\n\\n' | git credential fill"
printf 'protocol=https\nhost=acme.lacework.net\n\n' | git credential fill | tee answer
token=$(sed -n 's/^password=//p' answer)
issued=$(printf %s "$token" | sha256sum | cut -d ' ' -f 1)
grep -q "token=$issued" "$dir/api/log" || { echo "demo: this is not a token that the API issued" >&2; exit 1; }
rm answer

say "What is stored.  Secrets are never shown."
run lw-credential-helper list
run ls -l keys.lwc

say "Forget the token, which is cached for its hour in memory."
show "printf 'protocol=https\\nhost=acme.lacework.net\\n\\n' | git credential reject"
printf 'protocol=https\nhost=acme.lacework.net\n\n' | git credential reject
say "Done; nothing is left behind."
