#!/usr/bin/env bash
# Starts worker processes under a supervisor and keeps them alive, in the foreground.
#   start-workers.sh [email|report|export|webhook|all …] [--processes N] [--concurrency N] [--background]
# Stop them with Ctrl-C, SIGTERM or stop-workers.sh: running jobs are finished first.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
background=""
arguments=()
words_from_here --watch "" "$@"
for argument in ${WORDS[@]+"${WORDS[@]}"}; do
  case "$argument" in
    -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; tally worker --help; exit 0 ;;
    --background) background=yes ;;
    --pid-file*) echo "stop-workers.sh finds the pid file that is named here: leave --pid-file out" >&2; exit 2 ;;
    *) arguments+=("$argument") ;;
  esac
done
mkdir -p "$STATE/run" "$STATE/log"
# With the time, for the number of this shell may come again while the supervisor lives.
pid_file="$STATE/run/workers-$$-$(date +%s).pid"
log="$STATE/log/workers.log"
# Not the function `tally`: in the background its shell would stand between us and the supervisor.
command=("$ROOT/.venv/bin/tally")
[ -x "${command[0]}" ] || command=(tally)
command+=(worker ${arguments[@]+"${arguments[@]}"} --pid-file "$pid_file")
[ -n "$background" ] || exec "${command[@]}"

# Appended to, for workers that were started earlier may still write to it.
touch "$log"
written=$(wc -c < "$log")
"${command[@]}" >> "$log" 2>&1 < /dev/null &
supervisor=$!
disown
until [ -s "$pid_file" ]; do
  if ! kill -0 "$supervisor" 2> /dev/null; then
    echo "the workers did not start; the end of $log:" >&2
    tail -c "+$((written + 1))" "$log" | tail -n 20 >&2
    exit 1
  fi
  sleep 0.1
done
echo "workers run in the background; log: $log; stop: scripts/workers/stop-workers.sh"
