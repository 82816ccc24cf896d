#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A module that may not be loaded is refused with its own message and status, says "backends", and
# "get" fails closed: a required one is never passed over.
. "$(dirname "$0")/../support/e2e.sh"

export LWCRED_BACKEND_DIR=$T/modules
mkdir "$LWCRED_BACKEND_DIR"
cd "$LWCRED_BACKEND_DIR"
cp "$O"/tests/modules/*.so .
export LW_ACCOUNT=acme LW_API_KEY=ACME_01 LW_API_SECRET=_0123

# refused NAME STATUS PATTERN [HINT]: "backends" shows the message, "get" has the status.
refused() {
    printf 'lookup required %s\nlookup sufficient env\n' "$1" >"$T/stack"
    run 0 timeout 30 "$HELPER" backends --config "$T/stack"
    expect_stdout_has "^$1 +unavailable: .*$3"
    expect_stdout_has '^env +read'
    run "$2" timeout 30 "$HELPER" get --config "$T/stack" --account acme --format token
    expect_stdout_empty
    expect_stderr_has "^lw-credential-helper: .*$3"
    [ -z "${4:-}" ] || expect_stderr_has "^hint: $4"
}

# The descriptor.
refused bad-symbol 2 "bad-symbol.so' has no symbol 'lwc_backend'"
refused bad-major 2 "backend 'bad-major' was built for ABI 2, this version speaks 1"
refused bad-size 2 "backend 'bad-size': descriptor of 16 bytes is too short"
refused bad-caps 2 "backend 'bad-caps' has unknown capabilities 0x80000000"
refused bad-no-open 2 "backend 'bad-no-open' lacks the function open\(\)"
refused bad-no-find 2 "backend 'bad-no-find' lacks the function find\(\)"
refused bad-name 2 "backend 'bad-name' calls itself 'another'"
refused bad-needs 2 "backend 'bad-needs' needs what no host understands"
refused bad-no-summary 2 "backend 'bad-no-summary' has no summary"
refused bad-late-blocking 2 "backend 'bad-late-blocking' is another one when it is loaded than in its file"

# Modules that another user could have written.
cp answer.so copied.so
cp copied.so world.so
chmod 646 world.so
refused world 14 "world.so can be written by others \(mode 0646\)" "chmod go-w '.*/world.so'"
cp copied.so group.so
chmod 664 group.so
refused group 14 "group.so can be written by others \(mode 0664\)"
mkdir -m 777 theirs
cp copied.so theirs/link.so
ln -s theirs/link.so link.so
refused link 14 "directory .*/theirs can be written by others \(mode 0777\)" "chmod go-w '.*/theirs'"
chmod 777 .
refused answer 14 "directory .*/modules can be written by others \(mode 0777\)"
chmod 755 .

# Paths that are no file.
mkdir directory.so
refused directory 2 'directory.so is a directory, not a file'
mkfifo fifo.so
refused fifo 2 'fifo.so is a FIFO, not a file'
ln -s /dev/zero device.so
refused device 2 '/dev/zero is a character device, not a file'
ln -s loop.so loop.so
refused loop 2 'Too many levels of symbolic links'

# Files that are no object for this machine.
echo 'hello world' >text.so
refused text 2 "text.so' is not a shared object"
: >empty.so
refused empty 2 "empty.so' is not a shared object"
head -c 40 answer.so >head.so
refused head 2 "head.so' is cut short"
head -c 6000 answer.so >half.so
refused half 2 "half.so' is cut short"
patched() { # name, offset, byte in octal
    cp answer.so "$1.so"
    # shellcheck disable=SC2059
    printf "\\$3" | dd of="$1.so" bs=1 seek="$2" conv=notrunc status=none
}
patched class 4 001
refused class 2 "class.so' was built for another machine \(32-bit"
patched machine 19 177
refused machine 2 "machine.so' was built for another machine \(64-bit"
patched relocatable 16 001
refused relocatable 2 "relocatable.so' is an ELF file but not a shared object"
cp "$O/bin/lw-credential-helper" program.so
refused program 2 "program.so' has no symbol 'lwc_backend'"

# Missing files.
refused missing 8 "backend 'missing' is not installed"
rm -r "$LWCRED_BACKEND_DIR"
refused answer 8 "backend 'answer' is not installed"

# A name is never a path.
printf 'lookup required ../modules/answer\n' >"$T/stack"
run 2 "$HELPER" get --config "$T/stack" --account acme --format token
expect_stderr_has ':1:17: '
echo ok
