#!/usr/bin/env bash
# Runs what touches RQ, redis-py and SQLAlchemy against the ends of the ranges that pyproject.toml allows,
# each in a virtual environment of its own under .ranges. Everything else is what requirements.lock says.
#   ./scripts/test-ranges.sh                      every row of the table below
#   ./scripts/test-ranges.sh oldest [tests …]     one row, or only some tests
set -euo pipefail
# Where it is set, `cd` may go elsewhere, and says where it went.
unset CDPATH
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$ROOT/scripts/_install.sh"
cd "$ROOT"

declare -A ROWS=(
  [oldest]="redis==5.3.* rq==2.2.* sqlalchemy==2.0.0"
  [redis6]="redis==6.* rq==2.* sqlalchemy==2.0.*"
  [redis7]="redis==7.* rq==3.* sqlalchemy==2.0.*"
  [newest]="redis==8.* rq==3.* sqlalchemy==2.1.*"
)
ORDER=(oldest redis6 redis7 newest)
TESTS=(tests/unit/broker tests/unit/history tests/integration/interop tests/integration/broker
  tests/integration/history tests/integration/record tests/integration/scheduler)

run_row() {
  local row="$1" pins venv="$ROOT/.ranges/$1"
  shift
  read -ra pins <<< "${ROWS[$row]}"
  make_environment "$venv"
  grep -vE '^(redis|hiredis|rq|rq-scheduler|sqlalchemy|fakeredis|croniter)==' "$ROOT/requirements.lock" > "$venv/lock.txt"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint "$venv/lock.txt" \
    --editable "$ROOT[embedded,demo,reports,jwt,docs-ui,test]" "${pins[@]}"
  echo "== $row: $("$venv/bin/python" -m pip freeze | grep -iE '^(redis|rq|sqlalchemy)==' | tr '\n' ' ')"
  "$venv/bin/python" -m pytest "$@"
}

rows=("${ORDER[@]}")
if [ $# -gt 0 ]; then
  if [ -z "${ROWS[$1]:-}" ]; then
    echo "there is no row $1; rows: ${ORDER[*]}" >&2
    exit 2
  fi
  rows=("$1")
  shift
fi
[ $# -eq 0 ] || TESTS=("$@")
unset REDIS_URL DATABASE_URL JOB_QUEUE_DATABASE_URL PYTHONDONTWRITEBYTECODE
for row in "${rows[@]}"; do run_row "$row" "${TESTS[@]}"; done
