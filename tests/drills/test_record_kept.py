"""History has every attempt exactly once, though Postgres goes away, or recorders are killed at work.

The suite runs a short form; ``TALLY_TEST_DRILL=full`` puts 20,000 jobs through the engine, with Postgres
away for 30 seconds, and with 20 recorders killed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine, text

from backend.bootstrap.record_parts import event_stream
from backend.domain.errors import Unavailable
from backend.embedded.servers import Servers, start_servers
from backend.history.schema.migrator import Migrator
from backend.history.server.connection import connect, translated
from tests.conftest import CACHE
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


class Drill(NamedTuple):
    """How hard it is."""

    jobs: int
    #: Seconds without Postgres.
    away: float
    kills: int


FULL = os.environ.get("TALLY_TEST_DRILL") == "full"
DRILL = Drill(20_000, 30, 20) if FULL else Drill(1500, 2, 4)
#: Each tenth job fails once before it succeeds.
FAILING = 10

#: The scheduler runs some of the platform's own beside them. On a busy machine an attempt that was claimed
#: may be given back, or its worker's lease may end: then there are more attempts than runs, each on record.
#: One that is given back before its handler began is no attempt.
OURS = "job_type = 'fail'"
ODD_JOBS = f"""
SELECT j.id FROM jobs j
LEFT JOIN (SELECT job_id, count(*) AS ends, count(DISTINCT attempt) AS attempts
    FROM job_results GROUP BY 1) r
  ON r.job_id = j.id
LEFT JOIN (SELECT job_id, count(*) FILTER (WHERE kind = 'enqueued') AS accepted,
    count(*) FILTER (WHERE kind = 'started') AS starts,
    count(*) FILTER (WHERE kind IN ('finished', 'retried')) AS runs,
    count(*) FILTER (WHERE kind IN ('released', 'crashed', 'suspected')) AS given_back
    FROM job_events GROUP BY 1) e
  ON e.job_id = j.id
WHERE j.{OURS} AND (j.status <> 'finished' OR r.ends <> r.attempts OR r.ends < e.runs
  OR (e.accepted, e.runs) IS DISTINCT FROM (1::bigint, (j.options->>'context_id')::bigint)
  OR e.starts <> e.runs + e.given_back OR j.attempt NOT BETWEEN e.runs AND e.starts)
"""


class House:
    """A deployment with servers of its own, and the record to look into."""

    def __init__(self, servers: Servers, cluster: Cluster, engine: Engine) -> None:
        self.servers = servers
        self.cluster = cluster
        self.engine = engine
        self.stream = event_stream(cluster.platform, "onlooker")

    def rows(self, statement: str) -> Any:
        with translated(), self.engine.connect() as connection:
            return connection.execute(text(statement)).all()

    def recorded(self) -> int:
        """How many jobs are final on record; 0 while Postgres is away."""
        try:
            return int(
                self.rows(f"SELECT count(*) FROM jobs WHERE {OURS} AND status = 'finished'")[0][0]
            )
        except Unavailable:
            return 0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Servers that only this test uses, with worker processes at work."""
    state = Path(tempfile.mkdtemp(prefix="tally-kept-"))
    with start_servers(state, for_tests=True, template_cache=CACHE) as servers:
        engine = connect(servers.database_url, statement_timeout=60)
        Migrator(engine).apply()
        cluster = Cluster(servers.redis_url, tmp_path, JOB_QUEUE_DATABASE_URL=servers.database_url)
        cluster.start("scheduler")
        cluster.workers(concurrency=8)
        yield House(servers, cluster, engine)
        cluster.end()
        engine.dispose()
    shutil.rmtree(state, ignore_errors=True)


def enqueue_all(house: House) -> threading.Thread:
    """Accepts the jobs little by little, so that the blows fall in between; runs in the background."""

    def request(number: int) -> dict[str, Any]:
        tries = 2 if number % FAILING == 0 else 1
        # The expected number of attempts travels with the job, for the check afterwards.
        return {"job_type": "fail", "payload": {"until": tries}, "context_id": str(tries)}

    def accept() -> None:
        for at in range(0, DRILL.jobs, 100):
            some = min(100, DRILL.jobs - at)
            house.cluster.platform.queue_service.enqueue_many(
                [request(at + n) for n in range(some)]
            )
            time.sleep(0.02)  # the pace of the callers, not a wait

    thread = threading.Thread(target=accept)
    thread.start()
    return thread


def all_is_recorded(house: House) -> None:
    """Blocks until the recorders have nothing left; then everything must be there, once."""
    eventually(lambda: house.recorded() >= DRILL.jobs, timeout=100, show=house.cluster.log)
    eventually(lambda: house.stream.lag().events == 0, timeout=60, show=house.cluster.log)
    assert house.rows(f"SELECT count(*) FROM jobs WHERE {OURS}")[0][0] == DRILL.jobs
    assert house.rows(ODD_JOBS) == []
    assert house.rows("SELECT * FROM set_aside_events") == []


@pytest.mark.timeout(1800)
def test_every_attempt_is_recorded_once_though_postgres_was_away(house: House) -> None:
    house.cluster.start("recorder")
    callers = enqueue_all(house)
    eventually(lambda: house.recorded() > DRILL.jobs // 10, timeout=60, show=house.cluster.log)

    house.servers.stop_postgres()
    time.sleep(DRILL.away)  # how long it is away is what the drill is about
    house.servers.start_postgres()

    callers.join()
    all_is_recorded(house)


@pytest.mark.skipif(
    not FULL, reason="waits for what the dead held; test_recorder.py has its short form"
)
@pytest.mark.timeout(1800)
def test_every_attempt_is_recorded_once_though_recorders_are_killed(house: House) -> None:
    callers = enqueue_all(house)
    for blow in range(DRILL.kills):
        victim = house.cluster.start("recorder")
        aim = DRILL.jobs * (blow + 1) // (DRILL.kills + 2)
        eventually(lambda aim=aim: house.recorded() >= aim, timeout=60, show=house.cluster.log)
        victim.kill()
        victim.wait(60)

    house.cluster.start("recorder")
    callers.join()
    all_is_recorded(house)
