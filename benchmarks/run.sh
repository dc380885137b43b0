#!/usr/bin/env bash
# Prints the engine's figures, measured on servers of its own in this run, beside what is promised.
#   ./benchmarks/run.sh [--quick] [--only enqueue|drain|pickup|lateness|promotion|waiting|memory|backlog|rq]
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$ROOT/scripts/_install.sh"
cd "$ROOT"
install_tally embedded
unset REDIS_URL DATABASE_URL JOB_QUEUE_DATABASE_URL
exec "$ROOT/.venv/bin/python" -m benchmarks.engine "$@"
