#!/usr/bin/env bash
# Lists the jobs in the dead-letter queue with their errors, the newest first; --groups counts them by error.
#   list-failed.sh [--groups] [--type T] [--queue Q] [--error E] [--after 1h] [--limit N] [--json]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
if [ "${1:-}" = --groups ]; then
  shift
  tally dlq groups "$@"
else
  tally dlq list "$@"
fi
