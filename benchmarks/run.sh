#!/usr/bin/env bash
# Prints the engine's figures, measured on servers of its own, in turn with others where they are asked for.
#   ./benchmarks/run.sh --quick                       a tenth of the jobs: does it work
#   ./benchmarks/run.sh --rows enqueue,drain          some rows; --help names them
#   ./benchmarks/run.sh --before v0.1.0               another revision of Tally, and the ratio by row
#   ./benchmarks/run.sh --peers rq,celery,dramatiq,huey,taskiq,procrastinate,pgqueuer,bullmq --json docs/performance.json
#   BENCH_AT_ONCE=1000 ./benchmarks/run.sh --rows waits --peers pgqueuer   another number of waits at once in each loop
# Other queues get environments of their own under ~/.cache/tally-benchmarks (BENCH_CACHE moves it).
set -euo pipefail
# Where it is set, `cd` may go elsewhere, and says where it went.
unset CDPATH
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$ROOT/scripts/_install.sh"
cd "$ROOT"
# Who asks what there is has nothing installed for it.
if [[ " $* " =~ \ (-h|--help)\  ]] && [ -x "$ROOT/.venv/bin/python" ]; then
  exec "$ROOT/.venv/bin/python" -m benchmarks.side_by_side --help
fi
install_tally embedded,uvloop
unset REDIS_URL DATABASE_URL JOB_QUEUE_DATABASE_URL
exec "$ROOT/.venv/bin/python" -m benchmarks.side_by_side "$@"
