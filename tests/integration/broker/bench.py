"""Seeds jobs, calls the library's steps, and reads back every structure they touch."""

from __future__ import annotations

import itertools
import json
from typing import Any

from backend.broker import codec
from backend.broker.connection import Functions
from backend.broker.keys import Keys
from backend.domain.job import ClaimedJob, NewJob
from backend.domain.job_event import JobEvent
from backend.domain.queue_name import QueueName
from redis import Redis

_numbers = itertools.count(1)


def new_job(job_id: str = "", queue: str = "normal", **fields: Any) -> NewJob:
    """A job that would pass every check."""
    values: dict[str, Any] = {
        "id": job_id or f"job-{next(_numbers)}",
        "job_type": "greet",
        "queue": QueueName.parse(queue),
        "payload": '{"name":"Ada"}',
        "options": {},
        "max_attempts": 3,
        "timeout": 60,
        "result_ttl": 500,
    }
    return NewJob(**{**values, **fields})


class Bench:
    """One Redis on the workbench."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis = redis
        self.keys = keys
        self.functions = Functions(redis, keys.root)

    def enqueue(self, *jobs: NewJob, backlog: int = 0, stream: int = 0) -> list[Any]:
        """The replies of the step."""
        texts = [text for job in jobs for text in codec.enqueue_arguments(job)]
        replies: list[Any] = self.functions.call("enqueue", backlog, stream, *texts)
        return replies

    def seed(self, *jobs: NewJob) -> list[str]:
        """Enqueues and returns the ids."""
        self.enqueue(*jobs)
        return [job.id for job in jobs]

    def claim(
        self,
        most: int = 1,
        queues: tuple[str, ...] = ("high", "normal", "low"),
        worker: str = "w1",
        lease: int = 60_000,
        lanes: tuple[str, ...] = ("default",),
        guaranteed: dict[str, int] | None = None,
    ) -> list[ClaimedJob]:
        """Jobs claimed by a worker."""
        plan = [text for queue in queues for text in (queue, (guaranteed or {}).get(queue, 0))]
        reply = self.functions.call("claim", worker, lease, most, len(lanes), *lanes, *plan)
        return [codec.claimed_job(entry) for entry in reply]

    def started(self, **fields: Any) -> ClaimedJob:
        """A job that a worker holds."""
        self.seed(new_job(**fields))
        return self.claim()[0]

    def settle(
        self, job: ClaimedJob, kind: str, *, delay: int = 0, body: str = "", result: str = ""
    ) -> int:
        """The code of one outcome."""
        return self.functions.codes(
            "settle", job.id, job.fence, kind, delay, body, result, "1.5"
        )[0]

    def dead(self, **fields: Any) -> str:
        """A job in the dead-letter queue."""
        job = self.started(**fields)
        self.settle(job, "failed", body='{"reason":"exception","error":"E","message":"m"}')
        return job.id

    def field(self, job_id: str, name: str) -> str | None:
        """One field of a job's hash."""
        value = self.redis.hget(self.keys.job(job_id), name)
        return value.decode() if isinstance(value, bytes) else None

    def queue(self, name: str = "normal") -> list[str]:
        """The ids in a queue."""
        return [job_id.decode() for job_id in self.redis.lrange(self.keys.queue(name), 0, -1)]

    def registry(self, registry: str, queue: str = "normal") -> dict[str, float]:
        """One of RQ's registries."""
        entries = self.redis.zrange(self.keys.registry(registry, queue), 0, -1, withscores=True)
        return {member.decode(): score for member, score in entries}

    def members(self, key: str) -> list[str]:
        """The members of a sorted set or list."""
        if self.redis.type(key) == b"list":
            return [member.decode() for member in self.redis.lrange(key, 0, -1)]
        return [member.decode() for member in self.redis.zrange(key, 0, -1)]

    def count(self, what: str, queue: str = "normal") -> int:
        """One number of a queue's books."""
        return int(self.redis.hget(self.keys.counts(queue), what) or 0)

    def events(self, job_id: str | None = None) -> list[JobEvent]:
        """The events of a job, or of all."""
        raw: Any = self.redis.xrange(self.keys.events)
        events = [
            codec.job_event(entry, [text for pair in fields.items() for text in pair])
            for entry, fields in raw
        ]
        return [event for event in events if job_id in {None, event.job_id}]

    def kinds(self, job_id: str | None = None) -> list[str]:
        """What happened, in order."""
        return [event.kind for event in self.events(job_id)]

    def error(self, job_id: str) -> dict[str, str]:
        """The error kept with a job."""
        found: dict[str, str] = json.loads(self.field(job_id, "error") or "{}")
        return found

    def is_nowhere_waiting(self, job_id: str, queue: str = "normal") -> bool:
        """Whether no structure offers the job to workers."""
        return (
            job_id not in self.queue(queue)
            and job_id not in self.members(self.keys.schedule)
            and job_id not in self.members(self.keys.leases)
        )
