#!/usr/bin/env bash
# Runs the last release's processes against this release's functions and schema, as during a deploy, and
# the other way round: what tests/drills/test_last_release.py and test_upgrade.py say.
#   TALLY_TEST_UPGRADE_JOBS=100000 ./scripts/test-last-release.sh    upgrades a deployment with so many jobs
#   ./scripts/test-last-release.sh             the newest tag vX.Y.Z before this commit
#   ./scripts/test-last-release.sh v0.1.0      that tag, or any commit
set -euo pipefail
# Where it is set, `cd` may go elsewhere, and says where it went.
unset CDPATH
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$ROOT/scripts/_install.sh"
cd "$ROOT"

[ $# -le 1 ] || { echo "one release at a time, and nothing else: $*" >&2; exit 2; }
release="${1:-$(git describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2> /dev/null || true)}"
if [ -z "$release" ] || ! commit="$(git rev-parse --quiet --verify "$release^{commit}")"; then
  echo "there is no release to test against: fetch the tags (git fetch --tags), or name a commit" >&2
  exit 2
fi
install_tally "$DEVELOPMENT"

checkout="$ROOT/.ranges/release-$commit"
if [ ! -f "$checkout/.installed" ]; then
  rm -rf "$checkout"
  mkdir -p "$checkout"
  git archive "$commit" | tar -x -C "$checkout"
  "$(find_python)" -m venv "$checkout/.venv"
  "$checkout/.venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint "$checkout/requirements.lock" --editable "$checkout"
  touch "$checkout/.installed"
fi

unset REDIS_URL DATABASE_URL JOB_QUEUE_DATABASE_URL PYTHONDONTWRITEBYTECODE
echo "== $release ($commit) beside this release"
TALLY_TEST_LAST_RELEASE="$checkout" exec "$ROOT/.venv/bin/python" -m pytest tests/drills/test_last_release.py tests/drills/test_upgrade.py
