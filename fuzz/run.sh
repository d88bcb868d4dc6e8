#!/bin/sh
# Runs every fuzz target, or those named, for a number of seconds each.
# usage: run.sh SECONDS [TARGET...]      needs cargo-fuzz and a C++ compiler
set -eu
cd "$(dirname "$0")/.."
secs=$1; shift
command -v cargo-fuzz >/dev/null || { echo "missing: cargo-fuzz (cargo install cargo-fuzz)" >&2; exit 1; }
# cargo-fuzz asks for unstable flags; the stable compiler takes them when told so.
export RUSTC_BOOTSTRAP=1
targets=${*:-$(sed -n 's/^name = "\([a-z_]*\)"$/\1/p' fuzz/Cargo.toml)}
cargo fuzz build --sanitizer none
for target in $targets; do
    mkdir -p "fuzz/work/$target"
    echo "== $target"
    # New inputs go to fuzz/work, which is not committed; the committed corpus only seeds.
    cargo fuzz run --sanitizer none "$target" "fuzz/work/$target" "fuzz/corpus/$target" -- \
        -max_total_time="$secs" -rss_limit_mb=512 -timeout=10 -max_len=8192 -print_final_stats=1 2>&1 |
        grep -E "^stat::|ERROR|SUMMARY|panicked|Test unit" || true
    [ ! -d "fuzz/artifacts/$target" ] || [ -z "$(ls "fuzz/artifacts/$target")" ] || { echo "$target: failed, see fuzz/artifacts/$target" >&2; exit 1; }
done
