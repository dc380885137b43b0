#!/usr/bin/env bash
# Sends failed jobs back to their queues with all their attempts.
#   retry-job.sh <job id> … [--reason TEXT] [--payload JSON|@FILE]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
words_from_here --payload @ "$@"
tally jobs retry ${WORDS[@]+"${WORDS[@]}"}
