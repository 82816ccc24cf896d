#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# "make install" puts a working program, library and manual below PREFIX, and "make uninstall"
# takes all of it away.
. "$(dirname "$0")/../support/e2e.sh"

prefix=$T/prefix
tree=$T/a-folder-of-another-length
mkdir "$tree"
tar -c --exclude='./build*' --exclude=./.git . | tar -x -C "$tree"

# Each pass of CI builds it in another way: as Debian does, with a stricter libc, or as the program
# under test was built; that it comes out the same then, byte for byte, is looked at below.  Debian's flags
# are those of gcc: clang refuses -ffat-lto-objects.
how=same
if [ -n "${SAN:-}" ] && [[ ${CC:-gcc} != *clang* ]]; then
    how=debian
    DEB_BUILD_MAINT_OPTIONS='hardening=+all optimize=+lto' dpkg-buildflags --export=sh >"$T/flags"
    # shellcheck disable=SC1091
    . "$T/flags"
elif [ -n "${SAN:-}" ] || [ "$(id -u)" != 0 ]; then
    how=strict
    export CPPFLAGS=-D_FORTIFY_SOURCE=3
fi
printf '#!/bin/sh\necho "ldconfig $*" >>%q\n[ "$1" != -v ] || echo "%s/lib: (from here)"\n' "$T/ldconfig.log" "$prefix" >"$T/ldconfig"
chmod +x "$T/ldconfig"
make_it() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$tree" BUILD="$T/build" CC="${CC:-gcc}" SAN= PREFIX="$prefix" \
        LDCONFIG="$T/ldconfig" "$@"
}
umask 027
run 0 make_it -j2 WERROR=1 install
expect_stderr_empty
[ "$(id -u)" != 0 ] || [ "$(tail -n 1 "$T/ldconfig.log")" = 'ldconfig ' ] || fail "ldconfig was not called"
run 0 make_it installcheck
umask 022

if [ "$how" = same ]; then # two folders, the same bytes
    same_flags() { sed -e "s|'[^']*'=|'X'=|g" -e 's|-Werror||' "$1/flags.stamp" | tr -s ' '; }
    [ "$(same_flags "$O")" = "$(same_flags "$T"/build/*)" ] || fail "the flags are others: $(same_flags "$O")"
    for object in net.so backends/file.so backends/exec.so backends/lacework-cli.so backends/secret-service.so; do
        cmp "$O/lib/lwcred/$object" "$prefix/lib/lwcred/$object" || fail "another folder, other bytes: $object"
    done
fi
for object in "$prefix/bin/lw-credential-helper" "$prefix/lib/liblwcred.so" "$prefix/libexec/lwcred/lwcred-backend-host"; do
    ! grep -qaF "$tree" "$object" || fail "the folder of the build is in $object"
done

expected='bin/git-credential-lacework
bin/lw-credential-helper
bin/lwcred-backend-check
include/lwcred.h
include/lwcred/backend.h
include/lwcred/call.h
include/lwcred/error.h
include/lwcred/explain.h
include/lwcred/types.h
lib/liblwcred.so
lib/liblwcred.so.0
lib/liblwcred.so.0.1.0
lib/lwcred/backends/exec.so
lib/lwcred/backends/file.so
lib/lwcred/backends/lacework-cli.so
lib/lwcred/backends/secret-service.so
lib/lwcred/net.so
lib/pkgconfig/lwcred.pc
libexec/lwcred/lwcred-backend-host
share/bash-completion/completions/lw-credential-helper
share/man/man1/lw-credential-helper.1
share/man/man1/lwcred-backend-check.1
share/man/man3/lwcred.3
share/man/man5/lwcred-store.5
share/man/man5/lwcred.conf.5
share/man/man7/lwcred-backend.7
share/man/man7/lwcred-exec.7
share/man/man7/lwcred-lacework-cli.7
share/man/man8/lwcred-backend-host.8'
run 0 find "$prefix" ! -type d -printf '%P\n'
sort -o "$OUT" "$OUT"
expect_stdout "$expected"

run 0 find "$prefix/lib" "$prefix/libexec" "$prefix/include" "$prefix/share" "$prefix/bin" -type f ! -perm 644 ! -perm 755 -print
expect_stdout_empty
rm -rf "$T/build/"*/lib{,exec} # nothing may be taken from the build tree

# The installed program finds its own modules.
start_standin
plant_key
make_store_keyfile
printf '%s' "$SECRET" >"$T/secret"
chmod 600 "$T/secret"
run 0 "$prefix/bin/lw-credential-helper" add --account acme --key-id "$KEY_ID" --secret-file "$T/secret" \
    --api-url "$API_URL" --backend file
run 0 "$prefix/bin/git-credential-lacework" get <<<$'protocol=https\nhost=acme.lacework.net\n'
issued_token_matches "$(field password)"

# A program built with what pkg-config says finds the library and gets a token.
cat >"$T/program.c" <<'END'
#include <lwcred.h>
#include <stdio.h>

int main(void)
{
    struct lwc_error err = {0};
    struct lwc_context *ctx = NULL;
    struct lwc_token *token = NULL;
    struct lwc_query query = {.size = sizeof query, .profile = "default"};
    enum lwc_code code = lwc_open(NULL, &ctx, &err);

    if (code == LWC_OK) {
        code = lwc_token_get(ctx, &query, &token, &err);
    }
    if (code == LWC_OK) {
        printf("%s\n", lwc_token_text(token));
    } else {
        fprintf(stderr, "%s\n", err.msg);
    }
    lwc_token_free(&token);
    lwc_close(&ctx);
    return code;
}
END
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
read -ra flags < <(pkg-config --cflags --libs lwcred)
run 0 "${CC:-gcc}" -Wall -Wextra -Werror -o "$T/program" "$T/program.c" "${flags[@]}"
run 0 env LD_LIBRARY_PATH="$prefix/lib" "$T/program"
issued_token_matches "$(cat "$OUT")"

run 0 make_it uninstall
run 0 find "$prefix" ! -type d
expect_stdout_empty
echo ok
