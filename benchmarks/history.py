"""How fast history answers with many jobs in it, and how much room a job takes.

    python -m benchmarks.history --jobs 1000000 --folder /var/tmp/history

Makes jobs of the last thirty days up, records them as a recorder would, and asks each kind of question a
hundred times. With ``--load`` they are made up inside of Postgres, which is what ten millions need. With
``--folder`` the servers' data stay there, and a second run finds them. ``--prune`` drops the oldest month at the end.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from backend.domain.history.history_ports import EventBatch
from backend.domain.jobs.job_event import JobEvent
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_id import uuid7
from backend.domain.jobs.job_state import JobState
from backend.embedded.servers import start_servers
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.reading.statistics_store import PostgresStatisticsStore
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.history.schema.migrator import Migrator
from backend.history.schema.upkeep_store import PostgresUpkeepStore
from backend.history.server.connection import WORKING, connect
from backend.services.finding.history_service import HistoryService
from backend.telemetry.clock import SystemClock
from benchmarks.history_loader import load

DAYS = 30
FAILED = frozenset([JobState.FAILED])
BATCH = 1500
QUESTIONS = 100
TYPES = ("send_email", "webhook", "report", "export", "cleanup", "invoice", "sync", "rare_audit")
WEIGHTS = (40, 25, 8, 6, 10, 6, 4.9, 0.1)
LANES = {"send_email": "email", "webhook": "webhook", "report": "report", "export": "export"}
ERRORS = (
    ("ConnectionError", "connection to smtp-{n}.example.com refused"),
    ("TimeoutError", "no answer from api{n}.example.com within 30 s"),
    ("ValueError", "order {n} has no address"),
)


class Maker:
    """Makes jobs up, always the same ones."""

    def __init__(self, jobs: int, until: datetime) -> None:
        self._dice = random.Random(7)  # noqa: S311 - not for secrets
        self._jobs = jobs
        self._since = until - timedelta(days=DAYS)
        self._numbers = iter(range(1 << 60))

    def batches(self) -> Iterator[list[JobEvent]]:
        """Events of some thousand jobs at a time, in the order of acceptance."""
        step = timedelta(days=DAYS) / self._jobs
        events: list[JobEvent] = []
        for number in range(self._jobs):
            events += self._life(number, self._since + number * step)
            if number % BATCH == BATCH - 1:
                yield events
                events = []
        yield events

    def _life(self, number: int, at: datetime) -> Iterator[JobEvent]:
        dice = self._dice
        job_type = dice.choices(TYPES, WEIGHTS)[0]
        lane = LANES.get(job_type)
        queue = dice.choice(("high", "normal", "low")) + (f":{lane}" if lane else "")
        job_id = uuid7(int(at.timestamp() * 1000), dice.randbytes(10))
        payload = {
            "to": f"user{number}@example.com",
            "subject": f"Order {number}",
            "lines": [1, 2, 3],
        }
        yield JobEvent(
            self._id(at), "enqueued", job_id, queue, state="queued", job_type=job_type,
            max_attempts=4, data=json.dumps(payload), options=json.dumps(self._options(number)),
        )  # fmt: skip
        for attempt in (1, 2, 3):
            at += timedelta(seconds=dice.expovariate(0.5))
            worker, fence = f"host-{dice.randrange(8)}:{dice.randrange(4)}", self._id(at)
            yield JobEvent(fence, "started", job_id, queue, attempt, worker)
            runs = dice.lognormvariate(-1, 1.2)
            at += timedelta(seconds=runs)
            kind = (
                "finished"
                if dice.random() > 0.04
                else "failed"
                if dice.random() < 0.3
                else "retried"
            )
            body = '{"sent":true}' if kind == "finished" else self._error(number)
            yield JobEvent(
                self._id(at), kind, job_id, queue, attempt, worker, fence, body, runs * 1000,
                int((at.timestamp() + 60) * 1000) if kind == "retried" else 0,
            )  # fmt: skip
            if kind != "retried":
                return
            at += timedelta(seconds=60)
            yield JobEvent(self._id(at), "promoted", job_id, queue)

    def _options(self, number: int) -> dict[str, Any]:
        dice, options = self._dice, {"trace_id": f"{number:032x}"}
        if dice.random() < 0.2:
            options["tags"] = dice.sample(("test", "job-run", "vip", "bulk", "eu"), 2)
        if dice.random() < 0.3:
            options["tenant"] = f"tenant-{dice.randrange(50)}"
        if dice.random() < 0.1:
            options["context_id"] = f"context-{number // 3}"
        return options

    def _error(self, number: int) -> str:
        kind, message = self._dice.choice(ERRORS)
        fields = {"reason": "exception", "error": kind, "message": message.format(n=number % 97)}
        return json.dumps({**fields, "traceback": "Traceback (most recent call last):\n" * 12})

    def _id(self, at: datetime) -> str:
        return f"{int(at.timestamp() * 1000)}-{next(self._numbers) % (1 << 20)}"


def main() -> None:
    """Fills history, then asks it."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--jobs", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path)
    options.add_argument(
        "--load", action="store_true", help="do not record them, make up their rows"
    )
    options.add_argument("--prune", action="store_true", help="drop the oldest month at the end")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = chosen.folder or Path(folder)
        with start_servers(state, redis=False) as servers:
            engine = connect(servers.database_url, statement_timeout=600)
            Migrator(engine).apply()
            if not scalar(engine, "SELECT count(*) FROM jobs"):
                fill(engine, chosen.jobs, is_loaded=chosen.load)
            else:
                keep_up(engine)
            sizes(engine)
            ask(connect(servers.database_url), samples(engine))
            if chosen.prune:
                prune(engine)


def fill(engine: Engine, jobs: int, *, is_loaded: bool) -> None:
    """Records made-up jobs, sums hours up and lets Postgres tidy as its autovacuum would."""
    if is_loaded:
        until = datetime.now(UTC)
        load(engine, jobs, until - timedelta(days=DAYS), until)
    else:
        record(engine, jobs)
    began = time.monotonic()
    hours = PostgresUpkeepStore(engine).sum_up_hours(10_000)
    PostgresUpkeepStore(engine).sum_up_counts()
    print(f"{hours} hours summed up in {time.monotonic() - began:.1f} s")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def keep_up(engine: Engine) -> None:
    """What the upkeep of this release would have done by now to what an earlier one left."""
    upkeep = PostgresUpkeepStore(engine)
    counted = upkeep.count_failures(10_000)
    summed = upkeep.sum_up_hours(10_000)
    print(f"failures of {counted} hours counted, {summed} hours summed up")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE job_statistics"))


def prune(engine: Engine) -> None:
    """Drops the oldest month, as if all in it were over, and prints how long that took."""
    [oldest, *_] = PostgresUpkeepStore(engine).months_of_jobs()
    sql = "SELECT sum(jobs) FROM job_counts WHERE month = (SELECT min(month) FROM job_counts WHERE month > '-infinity')"
    held = scalar(engine, sql)
    with engine.begin() as connection:
        began = time.monotonic()
        kept = "SELECT drop_jobs_partition(:month, now() + interval '1 day')"
        dropped = connection.execute(text(kept), {"month": oldest}).scalar_one()
    print(
        f"\nthe month of {oldest:%Y-%m}, {held:,} jobs: dropped {dropped} in {time.monotonic() - began:.3f} s"
    )


def record(engine: Engine, jobs: int) -> None:
    """Records made-up jobs as a recorder does."""
    began = time.monotonic()
    writer = PostgresRecordWriter(
        connect(engine.url.render_as_string(hide_password=False), statement_timeout=WORKING)
    )
    for number, events in enumerate(Maker(jobs, datetime.now(UTC)).batches()):
        writer.write(EventBatch(events))
        if number % 40 == 0:
            print(f"\r{number * BATCH:,} jobs recorded", end="", flush=True)
    print(f"\r{jobs:,} jobs recorded in {time.monotonic() - began:,.0f} s")


def scalar(engine: Engine, sql: str) -> Any:
    """The one value of a query."""
    with engine.connect() as connection:
        return connection.execute(text(sql)).scalar_one()


SIZES = """
SELECT sum(reltuples)::bigint AS rows, sum(pg_table_size(oid))::float AS data,
  sum(pg_indexes_size(oid))::float AS indexes
FROM pg_class WHERE relkind = 'r'
  AND (oid = to_regclass(:name) OR oid IN (SELECT relid FROM pg_partition_tree(to_regclass(:name))))
"""


def sizes(engine: Engine) -> None:
    """Prints how much room each table takes."""
    jobs = scalar(engine, "SELECT count(*) FROM jobs")
    print(f"\n{'table':<16}{'rows':>12}{'data MB':>10}{'indexes MB':>12}{'bytes a job':>13}")
    for name in ("jobs", "job_results", "job_events", "job_tags", "job_counts", "job_statistics"):
        with engine.connect() as connection:
            found = connection.execute(text(SIZES), {"name": name}).one()
        a_job = (found.data + found.indexes) / jobs
        print(
            f"{name:<16}{found.rows:>12,}{found.data / 1e6:>10,.0f}{found.indexes / 1e6:>12,.0f}"
            f"{a_job:>13,.0f}"
        )


def samples(engine: Engine) -> list[dict[str, Any]]:
    """Jobs to ask for."""
    sql = "SELECT id, trace_id, context_id, worker, created_at FROM jobs TABLESAMPLE SYSTEM (1) LIMIT 2000"
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(sql)).mappings()]


def ask(engine: Engine, jobs: list[dict[str, Any]]) -> None:
    """Asks each kind of question many times and prints how long the answers took."""
    service = HistoryService(
        PostgresHistoryStore(engine), PostgresStatisticsStore(engine), SystemClock()
    )
    dice = random.Random(3)  # noqa: S311 - not for secrets
    print(f"\n{'question':<44}{'p50 ms':>9}{'p95 ms':>9}{'worst':>9}")
    for name, question in questions(service, jobs, dice).items():
        times = []
        for _ in range(QUESTIONS):
            began = time.perf_counter()
            question()
            times.append((time.perf_counter() - began) * 1000)
        times.sort()
        print(f"{name:<44}{times[len(times) // 2]:>9.1f}{times[-6]:>9.1f}{times[-1]:>9.1f}")


def questions(
    service: HistoryService, jobs: list[dict[str, Any]], dice: random.Random
) -> dict[str, Callable[[], Any]]:
    """What is asked."""
    now = datetime.now(UTC)

    def job() -> dict[str, Any]:
        return dice.choice(jobs)

    def search(**conditions: Callable[[], Any] | Any) -> Callable[[], Any]:
        return lambda: service.search(
            JobFilter(
                **{
                    name: value() if callable(value) else value
                    for name, value in conditions.items()
                }
            )
        )

    def context() -> str:
        return dice.choice([one["context_id"] for one in jobs if one["context_id"]])

    def page_far_back() -> Any:
        until = now - timedelta(days=dice.uniform(1, 29))
        return service.search(JobFilter(accepted_until=until, job_type=dice.choice(TYPES[:7])))

    def some_day() -> datetime:
        return now - timedelta(days=dice.uniform(1, 29))

    return {
        "one job with attempts and timeline": lambda: service.get_job(job()["id"]),
        "newest jobs": search(),
        "pages far back": page_far_back,
        "by type": search(job_type=lambda: dice.choice(TYPES)),
        "by a rare type": search(job_type="rare_audit"),
        "by queue": search(queue=lambda: dice.choice(("high", "normal:webhook", "low:export"))),
        "by state": search(
            states=lambda: frozenset([dice.choice((JobState.FINISHED, JobState.FAILED))])
        ),
        "by a state that nothing is in": search(states=frozenset([JobState.DEFERRED])),
        "by type and state": search(job_type=lambda: dice.choice(TYPES), states=FAILED),
        "by type and queue that never meet": search(
            job_type="send_email", queue=lambda: dice.choice(("normal", "low:export"))
        ),
        "by type, state, queue and day": search(
            job_type="report",
            states=FAILED,
            queue="high:report",
            accepted_until=some_day,
        ),
        "by a tag that many have": search(tag="vip"),
        "by a tag that nothing has": search(tag="nobody"),
        "by tag, type and state": search(tag="eu", job_type="sync", states=FAILED),
        "by trace id": search(trace_id=lambda: job()["trace_id"]),
        "by context id": search(context_id=context),
        "by tenant": search(tenant=lambda: f"tenant-{dice.randrange(50)}"),
        "by tenant and state": search(tenant="tenant-7", states=FAILED),
        "by worker": search(worker=lambda: job()["worker"]),
        "by worker and state": search(worker=lambda: job()["worker"], states=FAILED),
        "by text in errors, frequent": search(error_text="refused"),
        "by text in errors, rarer": search(error_text=lambda: f"smtp-{dice.randrange(97)}.example"),
        "by text in errors, not there": search(error_text="no such words"),
        "by text in errors and type": search(error_text="within 30 s", job_type="rare_audit"),
        "count by state, all": service.count_by_state,
        "count by state, of a day": lambda: service.count_by_state(
            (d := some_day()) - timedelta(1), d
        ),
        "by hour, last day": service.by_hour,
        "by hour, 30 days": lambda: service.by_hour(now - timedelta(days=30)),
        "by hour, 30 days, one type": lambda: service.by_hour(
            now - timedelta(days=30), job_type=dice.choice(TYPES)
        ),
        "by type, last day": service.by_type,
        "by type, 30 days": lambda: service.by_type(now - timedelta(days=30)),
        "failures by kind, last day": service.failures,
        "failures by kind, 30 days": lambda: service.failures(now - timedelta(days=30)),
    }


if __name__ == "__main__":
    main()
