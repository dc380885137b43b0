#!/usr/bin/env bash
# Brings the jobs database's schema up to date: JOB_QUEUE_DATABASE_URL, or DATABASE_URL.
#   apply-schema.sh [--status]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/../_environment.sh"
case "${1:-}" in -h | --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;; esac
tally migrate "$@"
