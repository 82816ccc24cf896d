#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The secret goes to the origin stored with it and nowhere else: redirects, certificates, variables.
. "$(dirname "$0")/../support/e2e.sh"
cache_in none
start_standin --dir "$T/elsewhere"
ELSEWHERE=$STANDIN ELSEWHERE_URL=$API_URL ELSEWHERE_ORIGIN=$ORIGIN
start_standin --dir "$T/standin"
plant_key
make_store_keyfile
run 0 "$HELPER" add -a acme --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"

# --- a redirect of any status is not followed
for status in 301 302 303 307 308; do
    for target in "$ELSEWHERE_URL/api/v2/access/tokens" "//$ELSEWHERE_ORIGIN/x" /api/v2/elsewhere; do
        mode "redirect $target $status"
        run 10 "$HELPER" get --format token
        expect_stdout_empty
        expect_stderr_has 'redirect'
    done
done
[ ! -s "$ELSEWHERE/log" ] || fail "the redirect was followed: $(cat "$ELSEWHERE/log")"
[ "$(grep -c path= "$STANDIN/log")" = 16 ] || fail "more requests than calls"
mode

# --- variables, requests and options do not re-aim a stored key
export LW_API_SERVER_URL=$ELSEWHERE_URL LW_ACCOUNT=acme
run 0 "$HELPER" get --format token
run 0 "$HELPER" get --format token -p default
unset LW_API_SERVER_URL LW_ACCOUNT
run 0 "$HELPER" get < <(printf 'protocol=https\nhost=%s\n\n' "$ELSEWHERE_ORIGIN")
expect_stdout_empty
run 0 "$HELPER" get < <(printf 'url=https://acme.lacework.net@%s/\n\n' "$ELSEWHERE_ORIGIN")
expect_stdout_empty
run 2 "$HELPER" get --format token -p default --api-url "$ELSEWHERE_URL"
run 3 "$HELPER" get --format token -a other
[ ! -s "$ELSEWHERE/log" ] || fail "a stored key was re-aimed"

# LW_API_SERVER_URL re-aims the environment's key alone, over https only.
export LW_ACCOUNT=acme LW_API_KEY=$KEY_ID LW_API_SECRET=$SECRET
LW_API_SERVER_URL=http://127.0.0.1:1 run 2 "$HELPER" get --format token
expect_stderr_has LW_API_SERVER_URL
LW_API_SERVER_URL=$API_URL run 0 "$HELPER" get --format token
unset LW_ACCOUNT LW_API_KEY LW_API_SECRET

# --- certificates
refuse_certificate() { # name of the certificate, pattern
    start_standin --dir "$T/$1" --cert "$1"
    plant_key
    run 10 "$HELPER" add -a acme -p "$1" --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
    expect_stdout_empty
    expect_stderr_has "$2"
    expect_stderr_lacks "$SECRET"
    ! grep -q path= "$STANDIN/log" 2>/dev/null || fail "a request reached $1"
    run 3 "$HELPER" show -p "$1"
}
refuse_certificate wrong-name 'name'
refuse_certificate other 'certificate'
refuse_certificate expired 'certificate|expired'

# The right certificate and another CA; the test CA as a hashed directory; no such file.
STANDIN=$T/standin
LWCRED_CA_BUNDLE=$CA/other-ca.pem run 10 "$HELPER" get --format token -p default
LWCRED_CA_BUNDLE=$T/none.pem run 2 "$HELPER" get --format token -p default
expect_stderr_has 'LWCRED_CA_BUNDLE'
(
    unset LWCRED_CA_BUNDLE
    run 10 "$HELPER" get --format token -p default
    SSL_CERT_DIR=$CA/hashed run 0 "$HELPER" get --format token -p default
    SSL_CERT_FILE=$CA/ca.pem run 0 "$HELPER" get --format token -p default
    SSL_CERT_FILE=$CA/other-ca.pem run 10 "$HELPER" get --format token -p default
)

# The authorities that were chosen count alone: libcurl's own file does not, though it holds the CA.
if may_mount "libcurl's own file of authorities"; then
    # shellcheck disable=SC2016
    DEFAULT_FILE=(unshare -m bash -euc 'mount --bind "$1" "$2"; export SSL_CERT_FILE=$2; shift 2; unset LWCRED_CA_BUNDLE; "$@"' _
        "$CA/ca.pem" /etc/ssl/certs/ca-certificates.crt)
    mkdir "$T/no-ca"
    run 0 "${DEFAULT_FILE[@]}" "$HELPER" get --format token -p default
    run 10 "${DEFAULT_FILE[@]}" env -u SSL_CERT_FILE SSL_CERT_DIR="$T/no-ca" "$HELPER" get --format token -p default
    expect_stderr_has 'unknown CA'
fi

# A certificate that may not be read is named; root has to give up what lets it read all.
mkdir -m 700 "$T/unreadable"
cp "$CA"/hashed/* "$T/unreadable/"
chmod 000 "$T"/unreadable/*
drop=()
[ "$(id -u)" != 0 ] || drop=(setpriv '--bounding-set=-dac_override,-dac_read_search')
run 10 "${drop[@]}" env -u LWCRED_CA_BUNDLE SSL_CERT_DIR="$T/unreadable" "$HELPER" get --refresh --format token -p default
expect_stderr_has "no TLS connection: CA certificate $T/unreadable/[0-9a-f]+\\.0: Permission denied"
chmod 600 "$T"/unreadable/*

# TLS 1.2 at least, even where this machine's OpenSSL would take less.
start_standin --dir "$T/old-tls" --old-tls
plant_key
printf '%s\n' 'openssl_conf = init' '[init]' 'ssl_conf = modules' '[modules]' 'system_default = weak' \
    '[weak]' 'MinProtocol = None' 'CipherString = DEFAULT@SECLEVEL=0' >"$T/openssl.cnf"
run 0 env OPENSSL_CONF="$T/openssl.cnf" openssl s_client -connect "127.0.0.1:$PORT" -tls1_1 </dev/null
run 10 env OPENSSL_CONF="$T/openssl.cnf" "$HELPER" add -a acme -p old-tls --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
expect_stderr_has 'no TLS connection'
if may_mount "OpenSSL's own settings"; then
    # shellcheck disable=SC2016
    run 10 unshare -m bash -euc 'mount --bind "$1" "$(openssl version -d | cut -d\" -f2)/openssl.cnf"; shift; "$@"' _ "$T/openssl.cnf" \
        "$HELPER" add -a acme -p old-tls --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
    expect_stderr_has 'no TLS connection'
fi

# --- plain http on the other end
start_standin --dir "$T/plain" --plain
plant_key
run 10 "$HELPER" add -a acme -p plain --key-id "$KEY_ID" --secret-stdin --api-url "https://127.0.0.1:$PORT" <<<"$SECRET"
! grep -q secret=right "$STANDIN/log" 2>/dev/null || fail "the secret went over plain http"
run 2 "$HELPER" add -a acme -p plain --key-id "$KEY_ID" --secret-stdin --api-url "http://127.0.0.1:$PORT" <<<"$SECRET"

# --- a proxy sees the tunnel only
start_standin --dir "$T/proxied" --proxy
plant_key
https_proxy=$PROXY_URL run 0 "$HELPER" add -a acme -p proxied --key-id "$KEY_ID" --secret-stdin --api-url "$API_URL" <<<"$SECRET"
https_proxy=http://me:pr0xy@127.0.0.1:1 run 10 "$HELPER" -v get --format token -p proxied
expect_stderr_has '^hint: look at HTTPS_PROXY'
expect_stderr_lacks pr0xy
https_proxy=http://127.0.0.1:1 no_proxy=localhost run 0 "$HELPER" get --format token -p proxied
no_secret_left ""
echo ok
