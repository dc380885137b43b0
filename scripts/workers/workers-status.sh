#!/usr/bin/env bash
# Shows every worker process on record: lane, host, state, slots, jobs, memory, last heartbeat.
#   workers-status.sh [--json]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
tally workers list "$@"
