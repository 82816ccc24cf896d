#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-ca.sh DIR: certificates for the stand-in API, valid from now for two days.
#   ca.pem                    the test CA; hashed/ holds it as a hashed directory
#   server.pem server.key     localhost, 127.0.0.1, ::1, acme.lacework.net
#   wrong-name.pem .key       the same CA, another name
#   expired.pem .key          the same CA and names as server, no longer valid
#   other-ca.pem              a second CA
#   other.pem .key            server's names, signed by the second CA
set -eu
umask 077
mkdir -p "$1"
cd "$1"
names='DNS:localhost,IP:127.0.0.1,IP:::1,DNS:acme.lacework.net'

quiet() { # shows what openssl says only if it fails
    "$@" 2>openssl.log || { cat openssl.log >&2; exit 1; }
}

make_ca() { # name
    quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -sha256 \
        -subj "/CN=lwcred test $1" -addext 'basicConstraints=critical,CA:TRUE' \
        -addext 'keyUsage=critical,keyCertSign' -keyout "$1.key" -out "$1.pem"
}

make_cert() { # name ca alternative-names days
    quiet openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
        -subj "/CN=lwcred test $1" -keyout "$1.key" -out "$1.csr"
    printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=%s\n' \
        "$3" >"$1.ext"
    quiet openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days "$4" \
        -sha256 -extfile "$1.ext" -out "$1.pem"
    rm -f "$1.csr" "$1.ext"
}

make_ca ca
make_ca other-ca
make_cert server ca "$names" 2
make_cert wrong-name ca 'DNS:elsewhere.example' 2
make_cert expired ca "$names" -1
make_cert other other-ca "$names" 2
mkdir -p hashed
cp ca.pem "hashed/$(openssl x509 -in ca.pem -noout -hash).0"
rm -f ca.key other-ca.key ca.srl other-ca.srl openssl.log
