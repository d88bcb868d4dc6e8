#!/usr/bin/env bash
# Whole programs side by side, in one run, on one input: medians and ratios. A bench, never a test.
#
# usage: peers.sh DIR     DIR holds (or gets) corpus/*.tar; bundles and repositories are written beside it.
# CORPUS_SCRIPT           builds the corpus where DIR/corpus/all.docker.tar is missing: it gets the folder.
# RUNS                    times each command runs (default 3)
# ONLY=registry|docker|handoff   measures registries, Docker, or handing over, alone
# Needs zstd, age, gpg, restic, openssl, python3, docker-registry, skopeo, curl, dockerd; time(1).
set -euo pipefail

dir=$(mkdir -p "$1" && cd "$1" && pwd)
runs=${RUNS:-3}
here=$(cd "$(dirname "$0")" && pwd)
sealift=${CARGO_TARGET_DIR:-$(dirname "$here")/target}/release/sealift
all=$dir/corpus/all.docker.tar
for tool in zstd age age-keygen gpg restic openssl docker-registry skopeo curl; do
    command -v "$tool" >/dev/null || { echo "missing: $tool (apt-get install zstd age gnupg restic openssl docker-registry skopeo curl)" >&2; exit 1; }
done
[ -x "$sealift" ] || { echo "missing: $sealift (cargo build --release)" >&2; exit 1; }
if [ ! -f "$all" ]; then
    [ -n "${CORPUS_SCRIPT:-}" ] || { echo "no $all: save images there with “docker save”, or set CORPUS_SCRIPT" >&2; exit 1; }
    bash "$CORPUS_SCRIPT" "$dir/corpus"
fi

work=$dir/work
rm -rf "$work"; mkdir -p "$work"; trap 'rm -rf "$work"' EXIT
cd "$work"
echo "correct horse battery staple" >pw
age-keygen -o id 2>/dev/null
recipient=$(sed -n 's/.*public key: //p' id)
export RESTIC_PASSWORD_FILE=$work/pw GNUPGHOME=$work/gnupg RESTIC_CACHE_DIR=$work/cache
mkdir -m 700 gnupg

declare -A wall cpu rss
# measure NAME COMMAND: median wall and cpu seconds and peak MiB of the runs; `reset` runs before each, unmeasured.
measure() {
    local name=$1 i
    : >times
    for i in $(seq "$runs"); do
        reset
        /usr/bin/time -o t -f '%e %U %S %M' bash -c "$2" >/dev/null 2>log || { cat log >&2; echo "failed: $2" >&2; exit 1; }
        tail -n 1 t >>times
    done
    read -r wall[$name] cpu[$name] rss[$name] < <(medians times)
}
# beside NAME COMMAND NAME COMMAND: as measure, in turn, so that both meet the same moods of the machine.
beside() {
    local i
    rm -f first second
    for i in $(seq "$runs"); do
        runs=1 measure "$1" "$2"; cat times >>first
        runs=1 measure "$3" "$4"; cat times >>second
    done
    read -r wall[$1] cpu[$1] rss[$1] < <(medians first)
    read -r wall[$3] cpu[$3] rss[$3] < <(medians second)
}
# Of wall seconds, cpu seconds and peak MiB.
medians() { sort -n "$1" | awk '{w[NR]=$1; c[NR]=$2+$3; m[NR]=$4} END {k=int((NR+1)/2); print w[k], c[k], int(m[k]/1024)}'; }
reset() { :; }
size() { du -b --apparent-size -s "$1" | cut -f1; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a/b}'; }
row() { printf '| %-52s | %7s | %7s | %8s | %9s |\n' "$@"; }
goal() { awk -v name="$1" -v is="$2" -v want="$3" 'BEGIN {printf "%-66s %6.2f  goal ≤ %.2f  %s\n", name, is, want, (is<=want) ? "met" : "MISSED"}'; }

# registries: push and pull beside skopeo, over loopback, with one registry that is emptied between runs. The images
# are the OCI archives of the corpus: gzip layers, which neither side may change. skopeo reads and writes a layout.
registries() {
    local port=5997 names="" name
    mkdir -p layout; reset() { rm -rf registry/docker; }
    printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: "127.0.0.1:%s"}\n' "$work/registry" $port >registry.yml
    docker-registry serve registry.yml >registry.log 2>&1 &
    trap "kill $! 2>/dev/null; rm -rf '$work'" EXIT
    until curl -sf http://127.0.0.1:$port/v2/ >/dev/null; do sleep 0.1; done
    for archive in "$dir"/corpus/*.oci.tar; do
        name=$(basename "$archive" .oci.tar); names="$names $name"
        skopeo copy -q --preserve-digests "oci-archive:$archive" "oci:layout:127.0.0.1:$port/corpus/$name:1"
    done
    "$sealift" pack oci:layout --out r.sealift --password-file pw -q 2>/dev/null
    local push="" pull="" sources=""
    for name in $names; do
        push="$push skopeo copy -q --preserve-digests --dest-tls-verify=false oci:layout:127.0.0.1:$port/corpus/$name:1 docker://127.0.0.1:$port/corpus/$name:1;"
        pull="$pull skopeo copy -q --preserve-digests --src-tls-verify=false docker://127.0.0.1:$port/corpus/$name:1 oci:pulled:$name;"
        sources="$sources docker://127.0.0.1:$port/corpus/$name:1"
    done
    beside push "'$sealift' restore r.sealift --to docker://127.0.0.1:$port --password-file pw -q" skopeopush "$push"
    row "sealift restore to a registry (verifies on the way)" "${wall[push]}" "${cpu[push]}" "${rss[push]}" ""
    row "skopeo copy from a layout to a registry" "${wall[skopeopush]}" "${cpu[skopeopush]}" "${rss[skopeopush]}" ""
    reset() { :; }
    beside pull "rm -f out.sealift; '$sealift' pack $sources --out out.sealift --password-file pw -q" skopeopull "rm -rf pulled; $pull"
    row "sealift pack from a registry" "${wall[pull]}" "${cpu[pull]}" "${rss[pull]}" $(($(size out.sealift) / 1000000))
    row "skopeo copy from a registry to a layout" "${wall[skopeopull]}" "${cpu[skopeopull]}" "${rss[skopeopull]}" $(($(size pulled) / 1000000))
    kill %1; wait 2>/dev/null || true
}
registry_goals() {
    goal "push to a registry: wall / skopeo copy" "$(ratio "${wall[push]}" "${wall[skopeopush]}")" 0.70
    goal "pull from a registry: wall / skopeo copy" "$(ratio "${wall[pull]}" "${wall[skopeopull]}")" 0.70
}

# docker: out of an engine and into an empty one, beside docker save and docker load. The engine has its own storage.
docker_engine() {
    command -v dockerd >/dev/null || { echo "missing: dockerd (apt-get install docker.io)" >&2; exit 1; }
    export DOCKER_HOST=unix://$work/docker.sock
    dockerd --data-root "$work/docker" --exec-root "$work/docker.x" -H "$DOCKER_HOST" --pidfile "$work/docker.pid" \
        --iptables=false --bridge=none >docker.log 2>&1 &
    trap "kill $! 2>/dev/null; wait; rm -rf '$work'" EXIT
    until docker version >/dev/null 2>&1; do sleep 0.2; done
    docker load -q -i "$all" >/dev/null
    local names; names=$(docker images --format '{{.Repository}}:{{.Tag}}')
    reset() { rm -f out.*; }
    measure dockerpack "'$sealift' pack docker-daemon: --out out.sealift --password-file pw -q"
    row "sealift pack docker-daemon:" "${wall[dockerpack]}" "${cpu[dockerpack]}" "${rss[dockerpack]}" $(($(size out.sealift) / 1000000))
    mv out.sealift engine.sealift
    measure dockersave "docker save -o out.tar $(echo $names)"
    row "docker save" "${wall[dockersave]}" "${cpu[dockersave]}" "" $(($(size out.tar) / 1000000))
    mv out.tar saved.tar
    reset() { docker rmi -f $(docker images -q | sort -u) >/dev/null 2>&1 || true; }
    local restore="'$sealift' restore engine.sealift --to docker-daemon: --password-file pw -q" load="docker load -q -i saved.tar"
    beside dockerrestore "$restore" dockerload "$load"
    row "sealift restore to docker-daemon: (verifies on the way)" "${wall[dockerrestore]}" "${cpu[dockerrestore]}" "${rss[dockerrestore]}" ""
    row "docker load" "${wall[dockerload]}" "${cpu[dockerload]}" "" ""
    reset() { :; }
    beside dockeragain "$restore" dockerloadagain "$load"
    row "sealift restore, all there already" "${wall[dockeragain]}" "${cpu[dockeragain]}" "${rss[dockeragain]}" ""
    row "docker load, all there already" "${wall[dockerloadagain]}" "${cpu[dockerloadagain]}" "" ""
    kill "$(cat docker.pid)"; wait 2>/dev/null || true
    unset DOCKER_HOST
}
docker_goals() {
    goal "out of Docker: wall / docker save" "$(ratio "${wall[dockerpack]}" "${wall[dockersave]}")" 0.60
    goal "into Docker: wall / docker load" "$(ratio "${wall[dockerrestore]}" "${wall[dockerload]}")" 1.10
    goal "into Docker, all there already: wall / docker load" "$(ratio "${wall[dockeragain]}" "${wall[dockerloadagain]}")" 0.30
}

# handoff: a bundle onto the file system that DIR is on, beside what people type for it. cmp reads the copy from the cache.
handing_over() {
    "$sealift" pack "$all" --out h.sealift --password-file pw -q 2>/dev/null
    cat h.sealift >/dev/null
    reset() { rm -rf stick; mkdir stick; sync; }
    beside handoff "'$sealift' handoff h.sealift --to stick -q" cpsync "cp h.sealift stick/ && sync && cmp h.sealift stick/h.sealift"
    warm=$(ratio "${wall[handoff]}" "${wall[cpsync]}")
    row "sealift handoff (reads back past the cache)" "${wall[handoff]}" "${cpu[handoff]}" "${rss[handoff]}" $(($(size h.sealift) / 1000000))
    row "cp; sync; cmp (compares what the cache has)" "${wall[cpsync]}" "${cpu[cpsync]}" "" ""
    beside handoff "'$sealift' handoff h.sealift --to stick -q" cpcold "cp h.sealift stick/ && sync && dd if=stick/h.sealift iflag=nocache count=0 && cmp h.sealift stick/h.sealift"
    row "cp; sync; cmp of what the medium has" "${wall[cpcold]}" "${cpu[cpcold]}" "" ""
    cold=$(ratio "${wall[handoff]}" "${wall[cpcold]}")
    rm -rf stick h.sealift
}
handoff_goals() {
    goal "handoff: wall / (cp; sync; cmp)" "$warm" 1.15
    goal "handoff: wall / (cp; sync; cmp of what the medium has)" "$cold" 1.15
    goal "handoff: peak memory / 256 MiB" "$(ratio "${rss[handoff]}" 256)" 1.00
}
if [ "${ONLY:-}" = handoff ]; then
    row command "wall s" "cpu s" "peak MiB" "MB out"; row --- --- --- --- ---
    handing_over; echo; handoff_goals
    exit
fi
if [ "${ONLY:-}" = docker ]; then
    row command "wall s" "cpu s" "peak MiB" "MB out"; row --- --- --- --- ---
    docker_engine; echo; docker_goals
    exit
fi
if [ "${ONLY:-}" = registry ]; then
    row command "wall s" "cpu s" "peak MiB" "MB out"; row --- --- --- --- ---
    registries; echo; registry_goals
    exit
fi

cat "$all" >/dev/null # all start from a warm cache
echo "input: $(size "$all") bytes, $(nproc) cores, median of $runs runs"
row command "wall s" "cpu s" "peak MiB" "MB out"; row --- --- --- --- ---

reset() { rm -rf out.* restic; }
measure pack "'$sealift' pack '$all' --out out.sealift --password-file pw -q"
pack_size=$(size out.sealift)
row "sealift pack" "${wall[pack]}" "${cpu[pack]}" "${rss[pack]}" $((pack_size / 1000000))
measure age "zstd -T0 -3 -q -c '$all' | age -r $recipient -o out.age"
age_size=$(size out.age)
row "zstd -T0 -3 \| age" "${wall[age]}" "${cpu[age]}" "" $((age_size / 1000000))
measure gpg "zstd -T0 -3 -q -c '$all' | gpg --batch --yes --pinentry-mode loopback --passphrase-file pw --symmetric --cipher-algo AES256 --compress-algo none -o out.gpg"
row "zstd -T0 -3 \| gpg --symmetric" "${wall[gpg]}" "${cpu[gpg]}" "" $(($(size out.gpg) / 1000000))
reset() { rm -rf out.restic cache; restic init -q -r out.restic; }
measure restic "restic backup -q -r out.restic '$all'"
restic_size=$(size out.restic)
row "restic backup" "${wall[restic]}" "${cpu[restic]}" "${rss[restic]}" $((restic_size / 1000000))

reset() { :; }
rm -rf out.*
"$sealift" pack "$all" --out b.sealift --password-file pw -q 2>/dev/null
zstd -T0 -3 -q -c "$all" | age -r "$recipient" -o b.age
measure verify "'$sealift' verify b.sealift --password-file pw -q"
row "sealift verify, with the key" "${wall[verify]}" "${cpu[verify]}" "${rss[verify]}" ""
measure ageverify "age -d -i id b.age | zstd -dc | openssl dgst -sha256"
row "age -d \| zstd -dc \| openssl dgst -sha256" "${wall[ageverify]}" "${cpu[ageverify]}" "" ""
measure keyless "'$sealift' verify b.sealift -q"
row "sealift verify, without a key" "${wall[keyless]}" "${cpu[keyless]}" "${rss[keyless]}" ""
split -n "$(nproc)" b.sealift part.
measure sha "ls part.* | xargs -P $(nproc) -n 1 openssl dgst -sha256"
row "openssl dgst -sha256, one part for each core" "${wall[sha]}" "${cpu[sha]}" "" ""
reset() { rm -rf out; }
measure restore "'$sealift' restore b.sealift --to oci:out --password-file pw -q"
row "sealift restore to oci (verifies first)" "${wall[restore]}" "${cpu[restore]}" "${rss[restore]}" ""

kdf_rss=256
# Linear growth: a tenth of the input, and ten layers of it that share nothing.
reset() { rm -f out.sealift; }
head -c $(($(size "$all") / 10)) "$all" >tenth
for n in 1 10; do
    python3 "$here/grown.py" tenth $n grown.tar
    measure grown$n "'$sealift' pack grown.tar --out out.sealift --password-file pw -q"
    row "sealift pack, $(($(size grown.tar) / 1000000)) MB that share nothing" "${wall[grown$n]}" "${cpu[grown$n]}" "${rss[grown$n]}" ""
done
rm -f tenth grown.tar
registries
docker_engine
handing_over
encryption=$(cd "$here/.." && cargo bench --quiet --bench encryption -- "$work/b.sealift")
row "AES-256-GCM over that bundle, nothing else" "$encryption" "" "" ""

echo
goal "pack: wall / (zstd | age)" "$(ratio "${wall[pack]}" "${wall[age]}")" 0.70
goal "pack: output / (zstd | age)" "$(ratio "$pack_size" "$age_size")" 0.80
goal "pack: wall / restic" "$(ratio "${wall[pack]}" "${wall[restic]}")" 0.40
goal "pack: output / restic" "$(ratio "$pack_size" "$restic_size")" 1.00
goal "verify with key: wall / (age -d | zstd -d | sha256)" "$(ratio "${wall[verify]}" "${wall[ageverify]}")" 0.40
goal "verify without key: wall / parallel sha256" "$(ratio "${wall[keyless]}" "${wall[sha]}")" 1.25
goal "pack: peak memory above Argon2's 256 MiB / 256 MiB" "$(ratio $((${rss[pack]} > kdf_rss ? ${rss[pack]} - kdf_rss : 0)) 256)" 1.00
goal "pack: encrypting its output / wall" "$(ratio "$encryption" "${wall[pack]}")" 0.05
goal "pack: wall of ten times the bytes / wall of one" "$(ratio "${wall[grown10]}" "${wall[grown1]}")" 10.50
goal "pack: peak memory of ten times the bytes / of one" "$(ratio "${rss[grown10]}" "${rss[grown1]}")" 1.10
registry_goals
docker_goals
handoff_goals
