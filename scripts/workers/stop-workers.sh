#!/usr/bin/env bash
# Stops the supervisors that start-workers.sh started here, or those of the lanes named: running jobs are
# finished within their grace period, the rest is given back.
#   stop-workers.sh [email|report|export|webhook|all …] [--now]     --now gives everything back at once
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
. "$ROOT/scripts/_supervisors.sh"
# SIGQUIT, for a second SIGTERM within three seconds is the same request.
signal=TERM lanes=()
for word in "$@"; do
  case "$word" in
    -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
    --now) signal=QUIT ;;
    # An empty one is a variable that nobody has set, and not all lanes.
    "" | -*) echo "not '$word':" >&2; sed -n '4s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
    *) lanes+=("$word") ;;
  esac
done
[ "${lanes[*]-}" != all ] || lanes=()

failed="" served="" count=0
complain() { echo "$1" >&2; failed=yes; }

for file in "$STATE"/run/workers-*.pid; do
  [ -f "$file" ] || continue
  status=0
  is_supervisor "$file" || status=$?
  case $status in
    1) rm -f "$file" || failed=yes; continue ;;
    2) failed=yes; continue ;;
  esac
  served="${served% }$LANES" others="$LANES"
  for lane in ${lanes[@]+"${lanes[@]}"}; do others="${others/" $lane "/ }"; done
  if [ -n "${lanes[*]-}" ] && [ "$others" != " " ]; then
    [ "$others" = "$LANES" ] || complain "supervisor $PID serves$others""too: name all of its lanes, or none"
    continue
  fi
  files[count]="$file" pids[count]="$PID" commands[count]="$COMMAND" count=$((count + 1))
done
for lane in ${lanes[@]+"${lanes[@]}"}; do
  [[ "$served" == *" $lane "* ]] || complain "no workers of the lane $lane were started from here; there are:${served:- none}"
done
[ $count != 0 ] || [ -n "$failed" ] || echo "no workers were started from here"

# All are told before one is waited for: the others would go on taking jobs for as long as its last one takes.
for ((i = 0; i < count; i++)); do
  echo "stopping supervisor ${pids[i]} …"
  if ! said="$(kill -"$signal" "${pids[i]}" 2>&1)" && is_still "${pids[i]}" "${commands[i]}"; then
    complain "supervisor ${pids[i]} goes on:${said##*kill:}"
    commands[i]=""
  fi
done
for ((i = 0; i < count; i++)); do
  [ -n "${commands[i]}" ] || continue
  while is_still "${pids[i]}" "${commands[i]}"; do sleep 0.1; done
  rm -f "${files[i]}" || failed=yes
done
[ -z "$failed" ] || { echo "not all workers were stopped" >&2; exit 1; }
[ $count = 0 ] || echo "workers stopped"
