"""The recorder survives what its stores and its own process go through, and loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from backend.domain.errors import HistoryUnavailable, MigrationError
from backend.domain.history.history_ports import EventBatch
from backend.embedded.servers import Servers
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.history.server.connection import connect
from backend.loops.recorder import Recorder
from tests.eventually import eventually
from tests.integration.broker.bench import ERROR, new_job
from tests.integration.history.chronicle import Chronicle

#: A recorder process as an operator would start one.
PROCESS = """
import sys, threading
from backend.broker.server.connection import connect as connect_redis, connect_blocking
from backend.broker.events.event_stream import RedisEventStream
from backend.broker.keys import Keys
from backend.history.server.connection import connect
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.loops.recorder import Recorder
from backend.telemetry.clock import SystemClock
redis_url, database_url, name = sys.argv[1:]
stream = RedisEventStream(
    connect_redis(redis_url), connect_blocking(redis_url), Keys("rq"), consumer=name, idle=0.2
)
recorder = Recorder(stream, PostgresRecordWriter(connect(database_url)), SystemClock(), batch=100)
recorder.run(threading.Event())
"""


@pytest.fixture
def running() -> Iterator[Callable[[Recorder], None]]:
    """Runs recorders in threads; stops them after the test."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def start(recorder: Recorder) -> None:
        threads.append(threading.Thread(target=recorder.run, args=(stop,)))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


def lives(chronicle: Chronicle, jobs: int, first: int = 0) -> None:
    """Jobs of two attempts each, with numbers from the ``first`` on; six events a job."""
    for number in range(first, first + jobs, 20):
        chronicle.bench.seed(*(new_job(f"job-{number + n:05}") for n in range(20)))
        for job in chronicle.bench.claim(20):
            chronicle.bench.settle(job, "crashed", body=ERROR)
        for job in chronicle.bench.claim(20):
            chronicle.bench.settle(job, "finished", body="1")


def is_exact(chronicle: Chronicle, jobs: int) -> bool:
    """Whether every attempt of every job is on record once."""
    counts = chronicle.rows(
        "SELECT (SELECT count(*) FROM jobs WHERE status = 'finished') AS jobs,"
        " (SELECT count(*) FROM job_events) AS events,"
        " (SELECT count(*) FROM job_results WHERE status = 'crashed' AND attempt = 1) AS first,"
        " (SELECT count(*) FROM job_results WHERE status = 'finished' AND attempt = 2) AS second"
    )
    return counts == [{"jobs": jobs, "events": 5 * jobs, "first": jobs, "second": jobs}]


def test_what_is_recorded_leaves_the_stream(
    chronicle: Chronicle, running: Callable[[Recorder], None]
) -> None:
    running(chronicle.recorder())
    lives(chronicle, 20)

    eventually(lambda: is_exact(chronicle, 20), timeout=30)
    eventually(lambda: chronicle.redis.xlen(chronicle.keys.events) == 0)


def test_several_recorders_share_the_work_and_record_everything_once(
    chronicle: Chronicle, running: Callable[[Recorder], None]
) -> None:
    lives(chronicle, 400)
    recorders = [chronicle.recorder(batch=50) for _ in range(3)]
    for recorder in recorders:
        running(recorder)

    eventually(lambda: sum(recorder.recorded for recorder in recorders) == 2000, timeout=30)
    assert is_exact(chronicle, 400)


def test_while_postgres_is_away_nothing_is_acknowledged_and_then_all_is_recorded(
    chronicle: Chronicle, servers: Servers, running: Callable[[Recorder], None]
) -> None:
    recorder = chronicle.recorder(batch=100)
    running(recorder)
    lives(chronicle, 100)
    servers.stop_postgres()
    try:
        for number in range(100):
            chronicle.bench.seed(new_job(f"late-{number:05}"))
        eventually(lambda: chronicle.unacknowledged() > 0)
        # A batch, and what its last lines hold beyond it.
        assert chronicle.unacknowledged() < 200
    finally:
        servers.start_postgres()

    eventually(lambda: chronicle.redis.xlen(chronicle.keys.events) == 0, timeout=30)
    late = chronicle.rows("SELECT count(*) FROM jobs WHERE id LIKE 'late-%'")
    assert late == [{"count": 100}]
    assert chronicle.rows("SELECT count(*) FROM job_events") == [{"count": 600}]


def test_while_redis_is_away_the_recorder_waits(
    chronicle: Chronicle, servers: Servers, running: Callable[[Recorder], None]
) -> None:
    running(chronicle.recorder())
    lives(chronicle, 20)
    eventually(lambda: is_exact(chronicle, 20), timeout=30)

    servers.kill_redis()
    servers.restart_redis()

    lives(chronicle, 20, first=20)
    eventually(lambda: is_exact(chronicle, 40), timeout=30)


def test_a_recorder_killed_again_and_again_loses_and_doubles_nothing(
    chronicle: Chronicle, servers: Servers
) -> None:
    url = chronicle.engine.url.render_as_string(hide_password=False)
    writer = threading.Thread(target=lives, args=(chronicle, 600))
    writer.start()
    for number in range(8):
        command = [sys.executable, "-c", PROCESS, servers.redis_url, url, f"victim-{number}"]
        kill_at_work(chronicle, command, writer)
    writer.join()

    heir = chronicle.recorder(idle=0.0)
    eventually(lambda: heir.record_batch() == 0 and chronicle.unacknowledged() == 0, timeout=30)

    assert is_exact(chronicle, 600)


def kill_at_work(chronicle: Chronicle, command: list[str], writer: threading.Thread) -> None:
    """Starts a recorder and kills it once it has recorded something."""
    before = recorded(chronicle)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        eventually(
            lambda: recorded(chronicle) > before or writer_is_done(writer, chronicle), timeout=30
        )
        os.kill(process.pid, signal.SIGKILL)


def recorded(chronicle: Chronicle) -> int:
    """How many events are on record."""
    return int(chronicle.rows("SELECT count(*) FROM job_events")[0]["count"])


def writer_is_done(writer: threading.Thread, chronicle: Chronicle) -> bool:
    """Whether nothing new comes and nothing is left to take."""
    return not writer.is_alive() and recorded(chronicle) == 3000


class Refusing:
    """A record that refuses so many times."""

    def __init__(self, record: Any, *errors: Exception) -> None:
        self._record = record
        self._errors = list(errors)
        self.batches: list[EventBatch] = []

    def write(self, batch: EventBatch) -> int:
        self.batches.append(batch)
        if self._errors:
            raise self._errors.pop()
        return int(self._record.write(batch))


def test_the_batch_in_hand_is_tried_again_and_no_other_is_taken(chronicle: Chronicle) -> None:
    lives(chronicle, 20)
    refusing = Refusing(PostgresRecordWriter(chronicle.engine), *[HistoryUnavailable("away")] * 3)
    recorder = chronicle.recorder(batch=10, record=refusing)

    for _ in range(3):
        with pytest.raises(HistoryUnavailable):
            recorder.record_batch()
    assert chronicle.unacknowledged() == refusing.batches[0].size > 0
    recorder.record_batch()

    assert len(set(map(id, refusing.batches))) == 1
    assert chronicle.unacknowledged() == 0


def test_without_tables_the_recorder_keeps_what_is_not_on_record(
    chronicle: Chronicle, fresh: Engine
) -> None:
    lives(chronicle, 20)
    recorder = chronicle.recorder(record=PostgresRecordWriter(fresh))

    for _ in range(2):
        with pytest.raises(MigrationError, match="tally migrate"):
            recorder.run_once()

    assert chronicle.unacknowledged() == 100


def test_a_trickle_is_gathered_and_a_flood_is_not_waited_for(chronicle: Chronicle) -> None:
    recorder = chronicle.recorder(batch=50)
    lives(chronicle, 20)

    assert recorder.run_once() == 0
    chronicle.record()
    chronicle.bench.canceled()
    assert 0 < recorder.run_once() < 0.5


def test_a_database_that_hangs_up_is_told_apart_from_bad_values(servers: Servers) -> None:
    closed = connect("postgresql+psycopg2://tally@/tally?host=/nowhere")

    with pytest.raises(HistoryUnavailable, match="DATABASE_URL"):
        PostgresRecordWriter(closed).make_partition(date(2026, 1, 1))
