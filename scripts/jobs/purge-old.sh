#!/usr/bin/env bash
# Deletes jobs that ended more than so many days ago from the record: finished and canceled ones,
# with --include-failed also those that were given up and have left the dead-letter queue. The recorder
# does the same by itself by the retention settings (finished 30 days, failed 90).
#   purge-old.sh <days> [--include-failed] [--yes]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
tally history prune "$@"
