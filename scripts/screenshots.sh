#!/usr/bin/env bash
# Makes the pictures in docs/pictures again, from demonstration data on servers of its own.
# Needs Chromium (TALLY_TEST_CHROMIUM, or /usr/bin/chromium) and the test dependencies.
set -euo pipefail
cd "$(dirname "$0")/.."
exec "${PYTHON:-python3}" -m tests.e2e.screenshots "${1:-docs/pictures}"
