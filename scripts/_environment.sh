# Sourced by the scripts: finds the checkout, its virtual environment, and servers that run already.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
STATE="${TALLY_STATE_DIR:-$ROOT/.tally}"
export TALLY_STATE_DIR="$STATE"
cd "$ROOT"

# Servers that quickstart.sh or start-redis.sh left running, unless the environment names others.
if [ -z "${REDIS_URL:-}${DATABASE_URL:-}${JOB_QUEUE_DATABASE_URL:-}" ] && [ -f "$STATE/env" ]; then
  . "$STATE/env"
fi

tally() {
  if [ -x "$ROOT/.venv/bin/tally" ]; then
    "$ROOT/.venv/bin/tally" "$@"
  else
    command tally "$@"
  fi
}
