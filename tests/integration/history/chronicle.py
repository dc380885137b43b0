"""A Redis that things happen in, a Postgres that keeps them, and a recorder in between."""

from __future__ import annotations

import itertools
from typing import Any

from redis import Redis
from sqlalchemy import Engine

from backend.broker.events.event_lines import batch_of
from backend.broker.events.event_stream import GROUP, RedisEventStream
from backend.broker.keys import Keys
from backend.broker.server.connection import connect_blocking
from backend.domain.history.history_ports import EventBatch
from backend.domain.jobs.job_event import JobEvent
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.loops.recorder import Recorder
from backend.telemetry.clock import SystemClock
from tests.integration.broker.bench import Bench
from tests.integration.broker.told import entries_of
from tests.integration.history.databases import rows

_numbers = itertools.count(1)

#: Everything that a batch may change, in an order that does not depend on how it came there.
EVERYTHING = {
    "jobs": "SELECT * FROM jobs ORDER BY id",
    "results": "SELECT * FROM job_results ORDER BY job_id, fence",
    "events": "SELECT * FROM job_events ORDER BY job_id, version",
    "tags": "SELECT * FROM job_tags ORDER BY position, tag, job_id",
    "counts": "SELECT month, status, job_type, queue, sum(jobs) FROM job_counts GROUP BY 1, 2, 3, 4"
    " HAVING sum(jobs) <> 0 ORDER BY 1, 2, 3, 4",
    "set_aside": "SELECT stream_id, entry FROM set_aside_events ORDER BY stream_id",
}


#: Kinds of jobs of which the counts say another number than there are, and tags that no job has.
UNTRUE = """
SELECT 'count', month, status, job_type, queue FROM (
  SELECT jobs, month, status, job_type, queue FROM job_counts UNION ALL
  SELECT -1, coalesce(month_of_id(id), '-infinity'), status, job_type, queue FROM jobs) each
GROUP BY 2, 3, 4, 5 HAVING sum(jobs) <> 0
UNION ALL
SELECT 'tag', NULL, tag, id, position::text FROM (
  SELECT 1 AS n, tag, job_id AS id, position FROM job_tags UNION ALL
  SELECT DISTINCT -1, tag, id, position FROM jobs, unnest(tags) AS tag) each
GROUP BY 3, 4, 5 HAVING sum(n) <> 0
"""


class Chronicle:
    """Both stores on the workbench, and recorders made to order."""

    def __init__(self, redis: Redis, redis_url: str, engine: Engine) -> None:
        self.redis = redis
        self.redis_url = redis_url
        self.engine = engine
        self.keys = Keys("rq")
        self.bench = Bench(redis, self.keys)
        self.clock = SystemClock()

    def stream(self, consumer: str = "", idle: float = 30.0) -> RedisEventStream:
        """A consumer of its own."""
        return RedisEventStream(
            self.redis,
            connect_blocking(self.redis_url),
            self.keys,
            consumer=consumer or f"recorder-{next(_numbers)}",
            idle=idle,
        )

    def recorder(self, *, batch: int = 1000, idle: float = 30.0, record: Any = None) -> Recorder:
        """A recorder that does not wait for what does not come."""
        writer = record or PostgresRecordWriter(self.engine)
        return Recorder(self.stream(idle=idle), writer, self.clock, batch=batch, patience=0.01)

    def record(self) -> int:
        """Records what has happened until now; how many entries it was."""
        recorder = self.recorder()
        total = 0
        while size := recorder.record_batch():
            total += size
        return total

    def write(self, *events: JobEvent) -> int:
        """Writes events as one batch; how many were set aside."""
        return PostgresRecordWriter(self.engine).write(EventBatch(events))

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All that is on record."""
        return {name: self.rows(sql) for name, sql in EVERYTHING.items()}

    def untrue(self) -> list[dict[str, Any]]:
        """What is noted of the jobs beside them and is not so."""
        return self.rows(UNTRUE)

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """What a query finds."""
        return rows(self.engine, sql, **values)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job's row."""
        return self.rows("SELECT * FROM jobs WHERE id = :id", id=job_id)[0]

    def results(self, job_id: str) -> list[dict[str, Any]]:
        """The job's attempts that ended."""
        return self.rows("SELECT * FROM job_results WHERE job_id = :id ORDER BY fence", id=job_id)

    def kinds(self, job_id: str) -> list[str]:
        """The job's events, in order."""
        sql = "SELECT kind FROM job_events WHERE job_id = :id ORDER BY version"
        return [row["kind"] for row in self.rows(sql, id=job_id)]

    def unacknowledged(self) -> int:
        """Events that a recorder holds."""
        held: Any = self.redis.xpending_range(self.keys.events, GROUP, "-", "+", 10_000)
        ids = {entry["message_id"] for entry in held}
        entries = [entry for entry in entries_of(self.redis, self.keys) if entry[0] in ids]
        return batch_of(entries).size
