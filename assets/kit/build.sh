#!/bin/sh
# Builds the program for old hosts, proves that it asks for nothing newer, and writes a kit with it to DIR.
#
# usage: build.sh DIR
#
# Needs cargo-zigbuild, and zig (PyPI's ziglang will do).
set -eu
out=$1
target=x86_64-unknown-linux-gnu
# CentOS 7, RHEL 7 and their kin.
newest=2.17

cargo zigbuild --release --target "$target.$newest"
program=${CARGO_TARGET_DIR:-target}/$target/release/sealift

found=$(objdump -T "$program" | sed -n 's/.*GLIBC_\([0-9.]*\).*/\1/p' | sort -Vu | tail -n 1)
if [ "$(printf '%s\n' "$found" "$newest" | sort -V | tail -n 1)" != "$newest" ]; then
    echo "$program asks for glibc $found; $newest is the newest allowed" >&2
    exit 1
fi
mkdir -p "$out"
"$program" kit "$out"
