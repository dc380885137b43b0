#!/usr/bin/env bash
# Sets everything up on a fresh machine, starts it, and shows it. Ctrl-C stops everything cleanly.
#   ./scripts/quickstart.sh           stays up
#   ./scripts/quickstart.sh --once    ends after the demonstration
#   ./scripts/quickstart.sh --fresh   throws away what earlier starts made
# REDIS_URL and DATABASE_URL, when set, are used instead of servers of its own.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/_environment.sh"
. "$ROOT/scripts/_install.sh"
install_tally embedded,demo,reports,docs-ui
words_from_here --state-dir "" "$@"
exec "$ROOT/.venv/bin/tally" quickstart ${WORDS[@]+"${WORDS[@]}"}
