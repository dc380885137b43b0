#!/usr/bin/env bash
# Sends all failed jobs back to their queues: of one queue (low:export), one lane (email), or all.
#   retry-all-failed.sh [queue|lane] [--queue Q] [--type T] [--error E] [--yes] [--reason TEXT]
# Asks first, unless --yes is given.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
# A filter says which jobs are meant; only without one it is all of them.
every=--all
for word in "$@"; do
  case "${word%%=*}" in
    --type | --queue | --error | --tag | --tenant | --worker | --after | --before | --all) every="" ;;
  esac
done
case "${1:-}" in
  "" | -*) tally dlq redrive $every "$@" ;;
  high | normal | low | *:*) tally dlq redrive --queue "$@" ;;
  *)
    lane="$1"
    shift
    for priority in high normal low; do
      echo "$priority:$lane"
      tally dlq redrive --queue "$priority:$lane" "$@"
    done
    ;;
esac
