"""Server time of each page with much data: ``python -m benchmarks.dashboard_pages [jobs] [waiting]``.

Nothing is answered from what the dashboard keeps for some seconds. Status 1 when a page takes 100 ms in the
median.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

from backend.dashboard.views import overview
from backend.embedded.servers import start_servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect
from tests.e2e.demonstration import fill
from tests.e2e.screenshots import addresses
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.visitor import Visitor

#: Spread over 30 days, one in fifty dead, an hour's worth in the last hour.
_JOBS = """
INSERT INTO jobs (id, position, job_type, max_attempts, payload, options, status_version, status,
  version, queue, fence, attempt, worker, ready_version, error_version, last_error, error_kind, error_reason)
SELECT 'bench-' || n, at << 20 | n % 1000,
  (ARRAY['send_email','sync_customer','resize_image','charge_card'])[1 + n % 4],
  3, '{"customer": 1}', '{}', (at + 900) << 20 | n % 1000,
  CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'finished' END,
  (at + 900) << 20 | n % 1000, (ARRAY['high:email','normal','low:media','high'])[1 + n % 4],
  (at + 300) << 20 | n % 1000, 1, 'worker-' || n % 40, at << 20 | n % 1000,
  CASE WHEN n % 50 = 0 THEN (at + 900) << 20 | n % 1000 ELSE 0 END,
  CASE WHEN n % 50 = 0 THEN 'ConnectionError: no answer ' || n END,
  CASE WHEN n % 50 = 0 THEN 'ConnectionError' || n % 7 END, CASE WHEN n % 50 = 0 THEN 'exception' END
FROM (SELECT n, (extract(epoch FROM now()) * 1000 - (:jobs - n) * 2592000000.0 / :jobs)::bigint AS at
      FROM generate_series(1, :jobs) n) numbers
"""
_RESULTS = """
INSERT INTO job_results (job_id, fence, version, attempt, status, job_type, queue, worker, ready_version,
  run_ms, error_reason, error_kind, error_message)
SELECT id, fence, status_version, 1, status, job_type, queue, worker, position, 600,
  error_reason, error_kind, last_error FROM jobs WHERE id LIKE 'bench-%'
"""
LIMIT_MS = 100.0
_STALE = "INSERT INTO stale_hours SELECT DISTINCT date_trunc('hour', ended_at) FROM job_results"


def main(jobs: int, waiting: int) -> int:
    """Fills both stores, then asks for each page ten times."""
    with tempfile.TemporaryDirectory(prefix="tally-pages-") as state:
        servers = start_servers(Path(state), for_tests=True)
        try:
            engine = connect(servers.database_url, statement_timeout=600)
            Migrator(engine).apply()
            with Stage(servers.redis_url, servers.database_url, Path(state) / "files") as stage:
                fill(stage)
                with engine.begin() as connection:
                    for statement in (_JOBS, _RESULTS, _STALE):
                        connection.execute(text(statement), {"jobs": jobs})
                _sum_up(engine)
                for at in range(0, waiting, 1000):
                    batch = [{"job_type": "resize_image", "payload": {"n": n}} for n in range(1000)]
                    stage.platform.queue_service.enqueue_many(batch[: waiting - at])
                slow = _measure(stage)
            engine.dispose()
        finally:
            servers.stop()
    return int(slow > 0)


def _sum_up(engine: object) -> None:
    from backend.history.schema.upkeep_store import PostgresUpkeepStore

    upkeep = PostgresUpkeepStore(engine)  # type: ignore[arg-type]
    while upkeep.sum_up_hours(50):
        pass
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:  # type: ignore[attr-defined]
        connection.execute(text("VACUUM ANALYZE"))


def _measure(stage: Stage) -> int:
    overview._PAST_FRESH = 0.0  # noqa: SLF001 - so that a pause of a second is enough for every page
    visitor = Visitor(stage.app).signed_in(BOOTSTRAP)
    more = {
        "overview-day": "?range=day",
        "overview-queue": "?range=week&queue=normal",
        "by-worker": "/search?worker=worker-7",
        "dead-queue": "/dead?queue=low:media",
        "failed": "/search?state=failed",
        "by-error": "/search?text=answer",
        "dead-filter": "/dead?error=Card",
    }
    print(f"{'page':<16}{'first ms':>12}{'median ms':>12}{'slowest ms':>12}{'kB':>8}")
    slow = 0
    for name, address in (addresses(stage) | more).items():
        times = []
        for _ in range(10):
            began = time.perf_counter()
            answer = visitor.led(address)
            times.append((time.perf_counter() - began) * 1000)
            # So that the next one is not answered from what was kept.
            time.sleep(1.1)
        assert answer.status_code == 200, (address, answer.text)
        size = len(answer.data) / 1000
        first, middle, most = times[0], statistics.median(times), max(times[1:])
        print(f"{name:<16}{first:>12.1f}{middle:>12.1f}{most:>12.1f}{size:>8.0f}")
        slow += middle > LIMIT_MS
    return slow


if __name__ == "__main__":
    numbers = [int(each) for each in sys.argv[1:]]
    sys.exit(main(*(numbers + [1_000_000, 100_000][len(numbers) :])))
