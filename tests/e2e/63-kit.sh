#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# With nothing but an installed lwcred, another project can write, check, install and use a backend.
. "$(dirname "$0")/../support/e2e.sh"

prefix=$T/prefix
clean_make() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s "$@"
}
install_it() {
    clean_make -j2 BUILD="$T/build" CC="${CC:-gcc}" SAN= PREFIX="$prefix" "$@" install
}
run 0 install_it
run 0 install_it DESTDIR="$T/stage"
mv "$T/build" "$T/gone" # nothing may be taken from the build tree
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
PATH=$prefix/bin:$PATH
read -ra flags < <(pkg-config --cflags lwcred)
strict=(-std=c11 -Wall -Wextra -Wpedantic -Werror)

# The installed header is enough, and C++ can include it.
for header in lwcred.h lwcred/backend.h lwcred/error.h; do
    printf '#include <%s>\n' "$header" >"$T/header.c"
    cp "$T/header.c" "$T/header.cc"
    run 0 gcc "${strict[@]}" "${flags[@]}" -c -o "$T/header.o" "$T/header.c"
    run 0 g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "${flags[@]}" -c -o "$T/header.o" "$T/header.cc"
done

# A descriptor made by C++ is found under its C name, all else hidden.  A descriptor that only a
# constructor would make is refused: it cannot be checked before its code runs.
cat >"$T/plus.cc" <<'END'
#include <lwcred/backend.h>

static enum lwc_code plus_open(const struct lwc_host *, size_t, const char *const *, void **,
                               struct lwc_error *)
{
    return LWC_E_INVALID;
}

static void plus_close(void *) {}

static CONSTEXPR struct lwc_backend make()
{
    struct lwc_backend made = {};

    made.abi = LWC_BACKEND_ABI;
    made.size = sizeof made;
    made.name = "plus";
    made.summary = "made by C++";
    made.open = plus_open;
    made.close = plus_close;
    return made;
}

const struct lwc_backend lwc_backend = make();
END
plus() { # CONSTEXPR
    run 0 g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "${flags[@]}" -DCONSTEXPR="$1" -fPIC -shared \
        -fvisibility=hidden -O0 -Wl,-z,defs -o "$T/plus.so" "$T/plus.cc"
}
plus ''
run 1 lwcred-backend-check "$T/plus.so"
expect_stdout_has "^BROKEN module-loads: .*/plus.so' has no constant 'lwc_backend'; .*constexpr"
plus constexpr
run 1 lwcred-backend-check "$T/plus.so"
expect_stdout_has '^ok +module-loads$'

# The example of the manual is whole: it compiles and keeps every rule.
sed -n '/^\.\\" onefile.c begins$/,/^\.\\" onefile.c ends$/p' "$prefix/share/man/man7/lwcred-backend.7" |
    sed -e '/^\.\\"/d' -e '/^\.Bd /d' -e '/^\.Ed$/d' -e 's/^\\&//' -e 's/\\e/\\/g' >"$T/onefile.c"
[ "$(wc -l <"$T/onefile.c")" -gt 100 ] || fail 'the manual has no example'
for compiler in gcc clang; do
    run 0 "$compiler" "${strict[@]}" -D_GNU_SOURCE "${flags[@]}" -fPIC -fvisibility=hidden -shared -Wl,-z,defs \
        -o "$T/onefile.so" "$T/onefile.c"
    chmod go-w "$T/onefile.so"
done
printf '_0123\n' >"$T/secret"
chmod 600 "$T/secret"
CHECK_PROFILE=ci CHECK_ACCOUNT=acme.lacework.net CHECK_KEY_ID=ACME_01 CHECK_SECRET=_0123 \
    run 0 lwcred-backend-check "$T/onefile.so" -- "file=$T/secret" profile=ci account=acme.lacework.net key-id=ACME_01
expect_stdout_has '^ok +held-found$'
expect_stdout_has '^ok +held-listed$'

# The template: built, checked and installed out of the tree.
cp -r contrib/backend-template "$T/mine"
run 0 clean_make -C "$T/mine" CC="${CC:-gcc}" CFLAGS='-O1 -g -Werror'
run 0 clean_make -C "$T/mine" check
expect_stdout_has 'folder.so: 0 of [0-9]+ rules broken'
expect_stdout_lacks '^skip .*(STORE|ERASE|LIST|READ) is not declared'
run 0 clean_make -C "$T/mine" install
[ "$(stat -c %a "$prefix/lib/lwcred/backends/folder.so")" = 755 ] || fail 'the mode of the installed module'

# As a packager does it: everything below a staging directory.
PKG_CONFIG_PATH=$T/stage$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$T/stage \
    run 0 clean_make -C "$T/mine" clean install BACKENDDIR="$prefix/lib/lwcred/backends" DESTDIR="$T/stage"
[ -f "$T/stage$prefix/lib/lwcred/backends/folder.so" ] || fail 'not installed below DESTDIR'

# And the program keeps a key in it.
start_standin
plant_key
printf '%s' "$SECRET" >"$T/secret"
for op in lookup store erase; do printf '%s required folder path=%s/keys\n' "$op" "$T"; done >"$T/stack"
export LWCRED_CONFIG=$T/stack
run 0 lw-credential-helper add --account acme --key-id "$KEY_ID" --secret-file "$T/secret" --api-url "$API_URL"
run 0 lw-credential-helper list
expect_stdout_has "default +acme.lacework.net +$KEY_ID .*folder"
run 0 lw-credential-helper get --format token
issued_token_matches "$(cat "$OUT")"
run 0 lw-credential-helper remove --profile default
[ -z "$(ls -A "$T/keys")" ] || fail 'the key is still there'
run 0 clean_make -C "$T/mine" uninstall
run 8 lw-credential-helper get --format token
echo ok
