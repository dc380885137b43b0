#!/usr/bin/env bash
# Cancels everything that waits: in the queues named, or with --all in every queue; --scheduled also
# cancels what waits for its time. History keeps the jobs as canceled. Asks first, unless --yes is given.
#   clear-pending.sh <queue> … | --all [--scheduled] [--yes] [--reason TEXT]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
tally queues purge "$@"
