#!/usr/bin/env bash
# A Redis-compatible server for development: starts it in the background, on a socket of its own.
#   start-redis.sh start|stop|status
# Its data is in .tally (or TALLY_STATE_DIR); the other scripts find it by themselves. For your own
# shell:  eval "$(./scripts/start-redis.sh start)"
# A way to look into it:  .venv/bin/rq info --url "$REDIS_URL"   or   tally queues list
set -euo pipefail
unset REDIS_URL DATABASE_URL JOB_QUEUE_DATABASE_URL
. "$(dirname "${BASH_SOURCE[0]}")/_environment.sh"
python="$ROOT/.venv/bin/python"
[ -x "$python" ] || python="${PYTHON:-python3}"
shared() { grep -q DATABASE_URL "$STATE/env" 2> /dev/null; }

case "${1:-}" in
  start)
    mkdir -p "$STATE"
    "$python" -m backend.embedded start --redis-only --state-dir "$STATE" > "$STATE/env.new"
    if shared; then rm "$STATE/env.new"; else mv "$STATE/env.new" "$STATE/env"; fi
    cat "$STATE/env"
    ;;
  stop)
    if shared; then
      echo "this Redis belongs to quickstart.sh; stop that with Ctrl-C" >&2
      exit 1
    fi
    "$python" -m backend.embedded stop --state-dir "$STATE"
    rm -f "$STATE/env"
    ;;
  status) exec "$python" -m backend.embedded status --state-dir "$STATE" ;;
  -h | --help) sed -n '2,6s/^# //p' "${BASH_SOURCE[0]}" ;;
  *)
    sed -n '2,6s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
