#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make-ca.sh DIR: certificates for the stand-in API, valid from now for two days.
#   ca.pem                    the test CA; hashed/ holds it as a hashed directory
#   server.pem server.key     localhost, 127.0.0.1, ::1, acme.lacework.net, acmeprod.lacework.net
#   wrong-name.pem .key       the same CA, another name
#   expired.pem .key          the same CA and names as server, no longer valid
#   other-ca.pem              a second CA
#   other.pem .key            server's names, signed by the second CA
set -eu
umask 077
mkdir -p "$1"
cd "$1"
names='DNS:localhost,IP:127.0.0.1,IP:::1,DNS:acme.lacework.net,DNS:acmeprod.lacework.net'

quiet() { # shows what openssl says only if it fails
    "$@" 2>openssl.log || { cat openssl.log >&2; exit 1; }
}

make_ca() { # name
    quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -sha256 \
        -subj "/CN=lwcred test $1" -addext 'basicConstraints=critical,CA:TRUE' \
        -addext 'keyUsage=critical,keyCertSign' -keyout "$1.key" -out "$1.pem"
}

make_request() { # name alternative-names
    quiet openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
        -subj "/CN=lwcred test $1" -keyout "$1.key" -out "$1.csr"
    printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=%s\n' \
        "$2" >"$1.ext"
}

make_cert() { # name ca alternative-names
    make_request "$1" "$3"
    quiet openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days 2 \
        -sha256 -extfile "$1.ext" -out "$1.pem"
    rm -f "$1.csr" "$1.ext"
}

# "x509 -days -1" is refused from OpenSSL 3.5 on, and -not_after is new in 3.4; "ca" takes dates.
make_expired() { # name ca alternative-names
    make_request "$1" "$3"
    mkdir "$1.db"
    : >"$1.db/index"
    printf '%s\n' '[ca]' 'default_ca = own' '[own]' "database = $1.db/index" "new_certs_dir = $1.db" \
        'rand_serial = yes' 'default_md = sha256' 'policy = any' '[any]' 'commonName = supplied' >"$1.db/conf"
    quiet openssl ca -batch -notext -config "$1.db/conf" -in "$1.csr" -cert "$2.pem" -keyfile "$2.key" \
        -startdate "$(date -u -d '-2 days' +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)" \
        -extfile "$1.ext" -out "$1.pem"
    rm -rf "$1.csr" "$1.ext" "$1.db"
}

make_ca ca
make_ca other-ca
make_cert server ca "$names"
make_cert wrong-name ca 'DNS:elsewhere.example'
make_expired expired ca "$names"
make_cert other other-ca "$names"
mkdir -p hashed
cp ca.pem "hashed/$(openssl x509 -in ca.pem -noout -hash).0"
rm -f ca.key other-ca.key ca.srl other-ca.srl openssl.log
