#!/usr/bin/env bash
# Makes the pictures in docs/pictures again, from demonstration data on servers of its own.
# Needs Chromium (TALLY_TEST_CHROMIUM, or /usr/bin/chromium) and the test dependencies.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/_environment.sh"
exec "${PYTHON:-python3}" -m tests.e2e.screenshots "$(from_here "${1:-$ROOT/docs/pictures}")"
