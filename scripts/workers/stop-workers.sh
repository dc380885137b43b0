#!/usr/bin/env bash
# Stops the supervisors that start-workers.sh started here: running jobs are finished within their
# grace period, the rest is given back.
#   stop-workers.sh [--now]     --now gives everything back at once
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
# SIGQUIT, for a second SIGTERM within three seconds is the same request.
signal=TERM
[ "${1:-}" != --now ] || signal=QUIT

# Slim images have no ps, and other systems than Linux no /proc.
command_of() {
  { tr '\0' ' ' < "/proc/$1/cmdline" || ps -p "$1" -o args=; } 2> /dev/null
}

found=""
for pid_file in "$STATE"/run/workers-*.pid; do
  [ -f "$pid_file" ] || continue
  pid="$(cat "$pid_file")"
  # A pid file may outlive its process, and the number may belong to another one by now. What `tally worker`
  # becomes has another name, in either wheel.
  if ! command_of "$pid" | grep -qE 'tally.* worker|workers\.processes\.supervisor'; then
    rm -f "$pid_file"
    continue
  fi
  found=yes
  kill -"$signal" "$pid" 2> /dev/null || true
  echo "stopping supervisor $pid …"
  while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
  rm -f "$pid_file"
done
[ -n "$found" ] && echo "workers stopped" || echo "no workers were started from here"
