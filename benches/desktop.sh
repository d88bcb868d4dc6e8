#!/usr/bin/env bash
# The desktop app's speed: time to the first frame, share of a core while idle, memory; with an ARCHIVE also what a job
# costs more in the window than on the command line. A bench, never a test. Draws by software on a display of its own.
#
# usage: desktop.sh BINARY [ARCHIVE]
# RUNS       starts that are timed (default 5; the first, from a cold cache, is left out of the median)
# IDLE_SECS  how long idling is watched (default 20)
# JOBS       packs of ARCHIVE that are timed, each way in turns (default 7)
# OUT        folder that bundles are written to (default: a temporary one)
# Needs Xvfb, xdotool; with an ARCHIVE also python3.
set -euo pipefail

binary=$1 archive=${2:-} runs=${RUNS:-5} idle=${IDLE_SECS:-20} jobs=${JOBS:-7}
for tool in Xvfb xdotool; do
    command -v "$tool" >/dev/null || { echo "missing: $tool (apt-get install xvfb xdotool)" >&2; exit 1; }
done
work=$(mktemp -d)
out=${OUT:-$work}
export LC_ALL=C.UTF-8 HOME=$work XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work XDG_RUNTIME_DIR=$work LIBGL_ALWAYS_SOFTWARE=1
unset WAYLAND_DISPLAY
exec 3>"$work/display" # Xvfb says which display it took
Xvfb -displayfd 3 -screen 0 1400x900x24 -nolisten tcp 2>/dev/null &
server=$! app=
trap 'kill $app $server 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do [ -s "$work/display" ] && break; sleep 0.05; done
export DISPLAY=:$(cat "$work/display")

goal() { awk -v name="$1" -v is="$2" -v want="$3" -v unit="$4" 'BEGIN {printf "%-32s %8.1f %s  goal < %s  %s\n", name, is, unit, want, (is<want) ? "met" : "MISSED"}'; }
ticks() { awk '{print $14 + $15}' "/proc/${1:-$app}/stat"; }

median() { sort -n "$1" | awk '{t[NR]=$1} END {print t[int((NR+1)/2)]}'; }

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
goal "time to the first frame (median)" "$(tail -n +2 "$work/times" | median /dev/stdin)" 300 ms
sleep 3 # fonts of the system are read once, then nothing moves
before=$(ticks); sleep "$idle"; after=$(ticks)
goal "idle, share of one core" "$(awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s="$idle" 'BEGIN {print 100 * t / hz / s}')" 1 %
goal "memory (RSS)" "$(awk '/VmRSS/ {print $2 / 1024}' "/proc/$app/status")" 200 MiB
[ -n "$archive" ] || exit 0

kill "$app"; wait "$app" 2>/dev/null || true
passphrase="quadrant insurgent deadbolt midsummer dogsled"
echo "$passphrase" >"$work/passphrase"

on_command_line() {
    local TIMEFORMAT='%R %U %S' used
    used=$({ time "$binary" pack "$archive" --out "$out/bench.sealift" --password-file "$work/passphrase" --force --progress none >/dev/null; } 2>&1)
    awk '{printf "%d\n", $1 * 1000}' <<<"$used" >>"$work/command-line"
    awk '{printf "%d\n", ($2 + $3) * 1000}' <<<"$used" >>"$work/command-line-cpu"
}

# Typed as a person would; the history tells what the job itself took.
in_window() {
    rm -rf "$work/sealift" "$out/bench.sealift"
    "$binary" "$archive" 2>/dev/null &
    app=$!
    local window
    window=$(xdotool search --sync --onlyvisible --class sealift | head -1)
    xdotool windowfocus --sync "$window"
    until xdotool getwindowname "$window" | grep -q selected; do sleep 0.1; done
    sleep 1 # the field has the keyboard
    for _ in 1 2; do xdotool type --delay 15 "$passphrase"; xdotool key Return; sleep 0.3; done
    xdotool key ctrl+a type --delay 15 "$out/bench.sealift"; sleep 1
    local before=$(($(ticks) + $(ticks "$server")))
    xdotool key Return
    python3 - "$work/sealift/history.db" >>"$work/window" <<'PYTHON'
import sqlite3, sys, time
for _ in range(3000):
    time.sleep(0.2)
    try:
        runs = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("SELECT outcome, millis FROM run").fetchall()
    except sqlite3.OperationalError:
        continue
    if runs:
        assert runs[0][0] == "done", runs
        print(runs[0][1])
        break
else:
    sys.exit("no job ended")
PYTHON
    echo $((($(ticks) + $(ticks "$server") - before) * 1000 / $(getconf CLK_TCK))) >>"$work/window-cpu"
    kill "$app"; wait "$app" 2>/dev/null || true
}

on_command_line; rm "$work"/command-line* # the archive is in the cache from now on
for _ in $(seq "$jobs"); do on_command_line; in_window; done
cost() { awk -v a="$(median "$work/command-line$1")" -v b="$(median "$work/window$1")" 'BEGIN {print 100 * (b - a) / a}'; }
for way in command-line window command-line-cpu window-cpu; do
    printf '%-32s %s\n' "pack, $way, ms" "$(sort -n "$work/$way" | tr '\n' ' ')"
done
goal "the window costs a job: time" "$(cost "")" 2 %
# With the server's share, which draws; what else the machine does weighs less on it.
goal "the window costs a job: CPU" "$(cost -cpu)" 2 %
