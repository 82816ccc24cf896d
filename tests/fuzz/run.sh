#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [SECONDS [PATTERN]]: fuzz every target whose name matches, each for SECONDS (default 60),
# from the corpus in the tree ("make fuzz FUZZ_SECONDS=10").  FUZZ_SECONDS_conf=60 is for the target
# fuzz_conf alone.  New inputs that the fuzzer finds interesting go to a scratch directory; one that
# breaks something stays in $BUILD/fuzz/found.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-${FUZZ_SECONDS:-60}} pattern=${2:-}
build=${BUILD:-build}/fuzz
o=$build/clang-address+undefined
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL
mkdir -p "$build/found"

targets=()
for source in tests/fuzz/fuzz_*"$pattern"*.c; do
    [ ! -e "$source" ] || targets+=("$(basename "$source" .c)")
done
[ ${#targets[@]} -gt 0 ] || { echo "fuzz: no target matches '$pattern'" >&2; exit 1; }

archives=("$o"/obj/lib{support,helper,host,backends,core,api,net,base}.a "$o/obj/core/paths-build.o")
objects=("${targets[@]/%/.o}")
make -j"$(nproc)" BUILD="$build" CC=clang SAN=address,undefined CFLAGS='-O1 -g -fsanitize=fuzzer-no-link' \
    "${archives[@]}" "${objects[@]/#/$o/obj/tests/fuzz/}"
read -ra libs < <(pkg-config --libs libcurl libcjson libsodium libkeyutils)

for target in "${targets[@]}"; do
    clang -fsanitize=fuzzer,address,undefined -pthread -o "$scratch/$target" "$o/obj/tests/fuzz/$target.o" \
        -Wl,--start-group "${archives[@]}" -Wl,--end-group "${libs[@]}" -lstdc++ -ldl
    mkdir "$scratch/new"
    own=FUZZ_SECONDS_${target#fuzz_} time=$seconds
    [ -z "${!own:-}" ] || time=${!own}
    printf 'fuzz %s for %s s\n' "$target" "$time"
    # Only the last words of a good run, all of a bad one.
    if ! "$scratch/$target" -max_total_time="$time" -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$build/found/$target-" "$scratch/new" "tests/fuzz/corpus/${target#fuzz_}" \
        >"$scratch/log" 2>&1; then
        tail -n 80 "$scratch/log"
        exit 1
    fi
    grep -E 'number_of_executed_units|new_units_added' "$scratch/log"
    rm -rf "$scratch/new"
done
