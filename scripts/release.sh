#!/usr/bin/env bash
# Cuts a release: version, changelog, wheel, commit, tag. Pushes nothing.
#   ./scripts/release.sh 0.3.0
set -euo pipefail
# Where it is set, `cd` may go elsewhere.
unset CDPATH
cd "$(dirname "${BASH_SOURCE[0]}")/.."
refuse() {
  echo "no release: $1" >&2
  exit 2
}

version="${1:-}"
[ $# -le 1 ] || refuse "there is nothing to say beside the version: $*"
[[ "$version" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || refuse "say which version: ./scripts/release.sh 0.3.0"
[ -z "$(git status --porcelain)" ] || refuse "commit or put away what git status shows"
! git rev-parse --quiet --verify "refs/tags/v$version" > /dev/null || refuse "v$version exists already"
.venv/bin/python scripts/cut_changelog.py "$version" || refuse "the changelog has nothing for it"

sed -i.before -E "s/^version = \".*\"/version = \"$version\"/" pyproject.toml
sed -i.before -E "s/^__version__ = \".*\"/__version__ = \"$version\"/" backend/__init__.py
rm -f pyproject.toml.before backend/__init__.py.before
.venv/bin/python -m pytest -q tests/contract/wheels tests/architecture
.venv/bin/python -m scripts.wheels dist
git commit --quiet --all --message "Release $version"
git tag --annotate "v$version" --message "Tally $version"
echo "dist/tally_*-$version-py3-none-any.whl are built, v$version is tagged: look at the commit, then git push --follow-tags"
