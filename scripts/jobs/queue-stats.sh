#!/usr/bin/env bash
# Shows every queue: what waits and runs, for how long the oldest waits, what has ended, the balance.
#   queue-stats.sh [--all] [--json]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
tally queues list "$@"
