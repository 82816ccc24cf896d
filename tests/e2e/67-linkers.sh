#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The descriptor of a module that may block is read out of its file, with each linker: the
# file says the same as the host finds when it loads it.
. "$(dirname "$0")/../support/e2e.sh"
export LWCRED_BACKEND_DIR=$T/modules
mkdir "$LWCRED_BACKEND_DIR"
printf 'lookup required linked\nset cache none\n' >"$T/stack"

# Exported functions, so that the descriptor refers to symbols, and others enough to fill the hash.
{
    printf '#include <lwcred/backend.h>\n'
    for ((i = 0; i < 300; i++)); do printf 'int exported_%d(void);\nint exported_%d(void) { return %d; }\n' $i $i $i; done
    cat <<'END_OF_SOURCE'
enum lwc_code linked_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                          void **state_out, struct lwc_error *err);
enum lwc_code linked_open(const struct lwc_host *host, size_t argc, const char *const *argv,
                          void **state_out, struct lwc_error *err)
{
    (void)host, (void)argc, (void)argv, (void)err;
    *state_out = 0;
    return LWC_OK;
}
static void linked_close(void *state)
{
    (void)state;
}
static enum lwc_code linked_list(void *state, const struct lwc_visitor *visitor, struct lwc_error *err)
{
    (void)state;
    const struct lwc_identity identity = {"p", "acme.lacework.net", "", "LINKED_1", "", LWC_KIND_ACCESS_KEY, 0};
    return visitor->visit(visitor->data, &identity, err);
}
const struct lwc_backend lwc_backend = {
    .abi = LWC_BACKEND_ABI,
    .size = sizeof(struct lwc_backend),
    .name = "linked",
    .summary = "a module for tests of linkers",
    .caps = LWC_CAP_LIST | LWC_CAP_BLOCKING,
    .open = linked_open,
    .close = linked_close,
    .list = linked_list,
};
END_OF_SOURCE
} >"$T/linked.c"

build() { # compiler and its words...
    rm -f "$LWCRED_BACKEND_DIR/linked.so"
    run 0 "$@" -std=c11 -Wall -Wextra -Werror -Icore/include -fPIC -shared -o "$LWCRED_BACKEND_DIR/linked.so" "$T/linked.c"
}
works() {
    run 0 "$HELPER" --config "$T/stack" backends
    expect_stdout 'linked            list,host  a module for tests of linkers'
    run 0 "$HELPER" --config "$T/stack" list
    expect_stdout_has 'LINKED_1'
}
# Checks the property of the linked file that the case is about.
has() { # pattern
    readelf -dW "$LWCRED_BACKEND_DIR/linked.so" >"$OUT"
    expect_stdout_has "$1"
}
lacks() {
    readelf -dW "$LWCRED_BACKEND_DIR/linked.so" >"$OUT"
    expect_stdout_lacks "$1"
}

build gcc -fuse-ld=bfd -Wl,--hash-style=gnu
has '\(GNU_HASH\)' && lacks '\(HASH\)'
works
build gcc -fuse-ld=bfd -Wl,--hash-style=sysv -O2 -flto
lacks '\(GNU_HASH\)'
works
build gcc -fuse-ld=bfd -Wl,-z,pack-relative-relocs -g
has '\(RELR\)'
works
build gcc -fuse-ld=bfd -Wl,-Bsymbolic,-z,norelro,-z,noseparate-code
works
build gcc -fuse-ld=gold -O2
works
build gcc -fuse-ld=gold -Wl,--hash-style=sysv
works
build clang -fuse-ld=bfd -O1
works
build clang -fuse-ld=lld
works
build clang -fuse-ld=lld -Wl,--hash-style=gnu -O2
lacks '\(HASH\)'
works
strip "$LWCRED_BACKEND_DIR/linked.so"
works
# No headers of sections at all: they are not what a loader goes by.
printf '\0\0\0\0\0\0\0\0' | dd of="$LWCRED_BACKEND_DIR/linked.so" bs=1 seek=40 conv=notrunc status=none
printf '\0\0\0\0' | dd of="$LWCRED_BACKEND_DIR/linked.so" bs=1 seek=60 conv=notrunc status=none
works
echo ok
