#!/usr/bin/env bash
# The desktop app's speed without a job: time to the first frame, share of a core while idle, memory.
# A bench, never a test. Draws by software on a display of its own.
#
# usage: desktop.sh BINARY
# RUNS       starts that are timed (default 5; the first, from a cold cache, is left out of the median)
# IDLE_SECS  how long idling is watched (default 20)
# Needs Xvfb, xdotool.
set -euo pipefail

binary=$1 runs=${RUNS:-5} idle=${IDLE_SECS:-20}
for tool in Xvfb xdotool; do
    command -v "$tool" >/dev/null || { echo "missing: $tool (apt-get install xvfb xdotool)" >&2; exit 1; }
done
work=$(mktemp -d)
export HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work XDG_RUNTIME_DIR=$work LIBGL_ALWAYS_SOFTWARE=1
unset WAYLAND_DISPLAY
exec 3>"$work/display" # Xvfb says which display it took
Xvfb -displayfd 3 -screen 0 1400x900x24 -nolisten tcp 2>/dev/null &
server=$! app=
trap 'kill $app $server 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.05; done
export DISPLAY=:$(cat "$work/display")

goal() { awk -v name="$1" -v is="$2" -v want="$3" -v unit="$4" 'BEGIN {printf "%-32s %8.1f %s  goal < %s  %s\n", name, is, unit, want, (is<want) ? "met" : "MISSED"}'; }
ticks() { awk '{print $14 + $15}' "/proc/$app/stat"; }

# The app logs when its first frame was shown.
first_frame() {
    rm -rf "$work/sealift"
    local begun
    begun=$(date +%s%3N)
    "$binary" 2>/dev/null &
    app=$!
    local log
    for _ in $(seq 200); do
        log=$(cat "$work"/sealift/logs/*.log 2>/dev/null || true)
        if [[ $log =~ ([^[:space:]]+)[[:space:]]+INFO[^$'\n']*first\ frame ]]; then
            echo $(($(date -d "${BASH_REMATCH[1]}" +%s%3N) - begun)) >>"$work/times"
            return
        fi
        sleep 0.05
    done
    echo "no window" >&2; exit 1
}

for run in $(seq $((runs + 1))); do
    first_frame
    [ "$run" -gt "$runs" ] || { kill "$app"; wait "$app" 2>/dev/null || true; }
done
goal "time to the first frame (median)" "$(tail -n +2 "$work/times" | sort -n | awk '{t[NR]=$1} END {print t[int((NR+1)/2)]}')" 300 ms
sleep 3 # fonts of the system are read once, then nothing moves
before=$(ticks); sleep "$idle"; after=$(ticks)
goal "idle, share of one core" "$(awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s="$idle" 'BEGIN {print 100 * t / hz / s}')" 1 %
goal "memory (RSS)" "$(awk '/VmRSS/ {print $2 / 1024}' "/proc/$app/status")" 200 MiB
