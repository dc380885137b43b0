#!/usr/bin/env bash
# Builds a server of one version from its sources, with TLS, for the matrix of checks.
#   ./scripts/build-store.sh valkey 9.0.0 ~/store      then ~/store/bin/valkey-server
set -euo pipefail
[ $# = 3 ] || { sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
# make is run elsewhere.
name="$1" version="$2" target="$(case "$3" in /*) ;; *) printf '%s/' "$PWD" ;; esac)$3"
case "$name" in
  redis) source=https://github.com/redis/redis ;;
  valkey) source=https://github.com/valkey-io/valkey ;;
  *) echo "redis or valkey, not $name" >&2 && exit 2 ;;
esac
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
git clone --quiet --depth 1 --branch "$version" "$source" "$folder"
make -s -C "$folder" -j "$(nproc)" BUILD_TLS=yes MALLOC=libc > "$folder/log" 2>&1 || { tail -n 40 "$folder/log" >&2 && exit 1; }
make -s -C "$folder" PREFIX="$target" install > /dev/null
