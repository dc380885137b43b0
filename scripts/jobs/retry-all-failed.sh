#!/usr/bin/env bash
# Sends all failed jobs back to their queues: of one queue (low:export), one lane (email), or all.
#   retry-all-failed.sh [queue|lane] [--queue Q] [--type T] [--error E] [--since 2h] … [--yes] [--reason TEXT]
# Asks first, unless --yes is given. The other filters are those of: tally dlq redrive --help
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
# A filter says which jobs are meant; only without one it is all of them.
every=(--all) queue=""
for word in "$@"; do
  case "${word%%=*}" in
    --yes | --reason | --json | --anyway) ;;
    --queue) queue=yes every=() ;;
    --*) every=() ;;
  esac
done
if [ -n "$queue" ] && [[ "${1:-}" == [!-]* ]]; then
  echo "'$1' and --queue exclude each other: give one of them" >&2
  exit 2
fi
case "${1:-}" in
  "" | -*) tally dlq redrive ${every[@]+"${every[@]}"} "$@" ;;
  high | normal | low | *:*) tally dlq redrive --queue "$@" ;;
  *)
    lane="$1"
    shift
    for priority in high normal low; do
      echo "$priority:$lane" >&2
      tally dlq redrive --queue "$priority:$lane" "$@"
    done
    ;;
esac
