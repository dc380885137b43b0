#!/usr/bin/env bash
# Runs the style checks and the whole test suite, on servers of its own. Arguments go to pytest.
#   ./scripts/test.sh                     everything, in two processes for each processor
#   ./scripts/test.sh tests/unit -k retry  some tests, without the checks
set -euo pipefail
# Where it is set, `cd` may go elsewhere, and says where it went.
unset CDPATH
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$ROOT/scripts/_install.sh"
cd "$ROOT"
install_tally "$DEVELOPMENT"
unset REDIS_URL DATABASE_URL JOB_QUEUE_DATABASE_URL PYTHONDONTWRITEBYTECODE
BIN="$ROOT/.venv/bin"
if [ $# -eq 0 ]; then
  # Reading all tests once, beside the checks, leaves their compiled form to the processes that run them.
  "$BIN/python" -m pytest --collect-only -qq > /dev/null &
  "$BIN/ruff" check .
  "$BIN/ruff" format --check .
  "$BIN/lint-imports" --no-cache
  "$BIN/mypy"
  wait
  # Much of a test is waiting for processes. Each file stays in one process, with servers of its own; files
  # begin in the order of tests/conftest.py.
  set -- -n "$(($("$BIN/python" -c 'import os; print(os.cpu_count())') * 2))" --dist loadfile --no-loadscope-reorder
fi
exec "$BIN/python" -m pytest "$@"
