#!/usr/bin/env bash
# Shows one job: state, payload, attempts, errors, timeline; live from Redis or from the record.
#   job-status.sh <job id> [--json]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
tally jobs show "$@"
