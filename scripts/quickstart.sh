#!/usr/bin/env bash
# Sets everything up on a fresh machine, starts it, and shows it. Ctrl-C stops everything cleanly.
#   ./scripts/quickstart.sh           stays up
#   ./scripts/quickstart.sh --once    ends after the demonstration
#   ./scripts/quickstart.sh --fresh   throws away what earlier starts left
# REDIS_URL and DATABASE_URL, when set, are used instead of servers of its own.
set -euo pipefail
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$ROOT/scripts/_install.sh"
cd "$ROOT"
install_tally embedded,demo,reports,docs-ui
export TALLY_STATE_DIR="${TALLY_STATE_DIR:-$ROOT/.tally}"
exec "$ROOT/.venv/bin/tally" quickstart "$@"
