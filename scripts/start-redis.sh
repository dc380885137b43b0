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
# Of a quickstart or a `tally dev` that runs; what one leaves when it is killed is nobody's.
shared() {
  local owner
  owner="$(sed -n 's/^# The stores of process \([0-9]*\);.*/\1/p' "$STATE/env" 2> /dev/null)"
  [ -n "$owner" ] && kill -0 "$owner" 2> /dev/null && grep -q DATABASE_URL "$STATE/env"
}

[ $# -le 1 ] || set -- more
case "${1:-}" in
  start)
    mkdir -p "$STATE"
    said="$("$python" -m backend.embedded start --redis-only --state-dir "$STATE")"
    if ! shared; then
      # By its first line the others know whether the Redis lives.
      owner="# The stores of process $(cat "$STATE/redis/redis.pid"); not read when that has ended."
      printf '%s\n' "$owner" "$said" > "$STATE/env.new"
      mv "$STATE/env.new" "$STATE/env"
    fi
    grep '^export ' "$STATE/env"
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
