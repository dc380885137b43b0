#!/usr/bin/env bash
# Starts worker processes under a supervisor and keeps them alive, in the foreground.
#   start-workers.sh [email|report|export|webhook|all …] [--processes N] [--concurrency N] [--background]
# Stop them with Ctrl-C, SIGTERM or stop-workers.sh: running jobs are finished first.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
background=""
arguments=()
for argument in "$@"; do
  case "$argument" in
    -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; tally worker --help; exit 0 ;;
    --background) background=yes ;;
    all) ;;
    *) arguments+=("$argument") ;;
  esac
done
mkdir -p "$STATE/run" "$STATE/log"
pid_file="$STATE/run/workers-$$.pid"
if [ -n "$background" ]; then
  tally worker ${arguments[@]+"${arguments[@]}"} --pid-file "$pid_file" \
    > "$STATE/log/workers.log" 2>&1 < /dev/null &
  disown
  echo "workers start in the background; log: $STATE/log/workers.log; stop: scripts/workers/stop-workers.sh"
else
  exec_tally=("$ROOT/.venv/bin/tally")
  [ -x "${exec_tally[0]}" ] || exec_tally=(tally)
  exec "${exec_tally[@]}" worker ${arguments[@]+"${arguments[@]}"} --pid-file "$pid_file"
fi
