#!/usr/bin/env bash
# Gives started jobs that do not get on back to their queues, uncharged: those named, or all that
# started more than so many minutes ago (default 5). Jobs whose worker is alive need --force.
#   reset-stuck.sh [minutes | <job id> …] [--force] [--dry-run] [--yes]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
if [[ "${1:-}" =~ ^[0-9]+$ ]]; then
  minutes="$1"
  shift
  tally jobs reset-stuck --older-than "${minutes}m" "$@"
else
  tally jobs reset-stuck "$@"
fi
