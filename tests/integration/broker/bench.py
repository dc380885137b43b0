"""Seeds jobs, calls the library's steps, and reads back every structure they touch."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from redis import Redis

from backend.broker.jobs import codec
from backend.broker.jobs.enqueue_arguments import enqueue_arguments
from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.parked_jobs import lines_of
from backend.broker.keys import Keys
from backend.broker.server.functions import Functions
from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.job_event import JobEvent
from backend.domain.jobs.queue_state import QueueState
from tests.contract.broker.jobs import new_job
from tests.integration.broker import audit
from tests.integration.broker.told import events_of

ERROR = '{"reason":"exception","error":"ValueError","message":"no","traceback":"…"}'

#: How to read all of a key by its type.
_READ: dict[bytes, Callable[[bytes], tuple[Any, ...]]] = {
    b"string": lambda name: ("GET", name),
    b"hash": lambda name: ("HGETALL", name),
    b"list": lambda name: ("LRANGE", name, 0, -1),
    b"set": lambda name: ("SMEMBERS", name),
    b"zset": lambda name: ("ZRANGE", name, 0, -1, "WITHSCORES"),
    b"stream": lambda name: ("XRANGE", name, "-", "+"),
}


class Bench:
    """One Redis on the workbench."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.redis = redis
        self.keys = keys
        self.functions = Functions(redis, keys.root)
        #: Whether the test wrote into Redis what no step of ours would have written.
        self.tampered = False

    def complaints(self) -> list[str]:
        """What does not fit together in Redis; empty when all is well."""
        return audit.complaints(self.redis, self.keys)

    def state(self, queue: str = "normal") -> QueueState:
        """One queue as the platform reports it."""
        return RedisInspection(self.redis, self.keys).queue_states([queue])[0]

    def snapshot(self) -> dict[str, tuple[Any, bool]]:
        """Every key with its content, and whether it will expire."""
        names: list[bytes] = sorted(self.redis.scan_iter(count=1000))
        pipe = self.redis.pipeline()
        for name in names:
            pipe.type(name)
        for name, kind in zip(names, pipe.execute(), strict=True):
            pipe.execute_command(*_READ[kind](name))
            pipe.pttl(name)
        found = pipe.execute()
        return {
            name.decode(): (found[2 * at], found[2 * at + 1] >= 0) for at, name in enumerate(names)
        }

    def remove_hash(self, job_id: str) -> None:
        """What a foreign hand may do: the job's hash is gone, its entries are not."""
        self.tampered = True
        self.redis.delete(self.keys.job(job_id))

    def put_in_queue(self, job_id: str, queue: str = "normal") -> None:
        """What a foreign hand may do: an entry that no step made."""
        self.tampered = True
        self.redis.rpush(self.keys.queue(queue), job_id)

    def enqueue(
        self, *jobs: NewJob, backlog: int = 0, stream: int = 0, lean: bool = False
    ) -> list[Any]:
        """The replies of the step."""
        options = [codec.options_text(job.options) for job in jobs]
        texts = enqueue_arguments(jobs, options, is_lean=lean)
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
        *,
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
        job = new_job(**fields)
        self.seed(job)
        return self.claim(queues=(str(job.queue),), lanes=(job.queue.lane,))[0]

    def scheduled(self, **fields: Any) -> str:
        """A job that waits for its time."""
        return self.seed(new_job(**{"delay": 1000, **fields}))[0]

    def finished(self, **fields: Any) -> str:
        """A job that is done."""
        job = self.started(**fields)
        self.settle(job, "finished", body="1", result="MQ==")
        return job.id

    def canceled(self, **fields: Any) -> str:
        """A job that was withdrawn before it ran."""
        job_id = self.seed(new_job(**fields))[0]
        self.cancel(job_id)
        return job_id

    def parked_by_limit(self, **fields: Any) -> tuple[ClaimedJob, str]:
        """A job that holds the only slot of its type, and one that waits behind it."""
        self.functions.call("limit", "", "", fields.get("job_type", "greet"), 1)
        holder = self.started(**fields)
        job_id = self.seed(new_job(**fields))[0]
        assert self.claim(queues=(holder.queue,)) == []
        return holder, job_id

    def parked_by_pause(self, **fields: Any) -> str:
        """A job that waits because its type is paused."""
        self.functions.call("pause", f"type:{fields.get('job_type', 'greet')}")
        job = new_job(**fields)
        self.seed(job)
        assert self.claim(queues=(str(job.queue),)) == []
        return job.id

    def settle(
        self,
        job: ClaimedJob,
        kind: str,
        *,
        delay: int = 0,
        body: str = "",
        result: str = "",
        log: str = "",
    ) -> int:
        """The code of one outcome."""
        return self.functions.codes(
            "settle", job.id, job.fence, kind, delay, body, result, "1.5", log
        )[0]

    def dead(self, **fields: Any) -> str:
        """A job in the dead-letter queue."""
        job = self.started(**fields)
        self.settle(job, "failed", body=ERROR, result="eJwDAAAAAAE=")
        return job.id

    def extend(self, *held: ClaimedJob, lease: int = 60_000) -> list[int]:
        """The codes of a heartbeat."""
        pairs = [text for job in held for text in (job.id, job.fence)]
        return self.functions.codes("extend", lease, *pairs)

    def rescue(
        self,
        job: ClaimedJob,
        kind: str = "released",
        *,
        lease: str = "0",
        only_expired: bool = False,
        delay: int = 0,
        body: str = "",
    ) -> int:
        """The code of one rescue."""
        return self.functions.codes(
            "rescue", int(only_expired), job.id, job.fence, lease, kind, delay, body
        )[0]

    def lease_of(self, job_id: str) -> str:
        """The end of a lease as Redis prints it; empty when there is none."""
        score = self.redis.zscore(self.keys.leases, job_id)
        return "" if score is None else f"{score:.0f}"

    def let_lease_end(self, job_id: str) -> str:
        """Moves the clock for one lease; what a rescuer sees of it then."""
        self.redis.zadd(self.keys.leases, {job_id: 1000}, xx=True)
        return "1000"

    def make_due(self, *job_ids: str) -> None:
        """Moves the clock for scheduled jobs: they have been due for a while, in this order."""
        for at, job_id in enumerate(job_ids):
            origin = self.field(job_id, "origin") or ""
            self.redis.zadd(self.keys.schedule, {job_id: 1000 + at}, xx=True)
            self.redis.zadd(self.keys.registry("scheduled", origin), {job_id: 1000 + at}, xx=True)

    def promote(self, most: int = 100, fence: int = 0) -> list[int]:
        """Moved, milliseconds until the next is due, lateness in milliseconds."""
        return self.functions.codes("promote", most, fence)

    def cancel(self, *job_ids: str, force: bool = False) -> list[int]:
        """Ada cancels jobs."""
        word = "force" if force else ""
        return self.functions.codes("cancel", "ada", "changed my mind", word, *job_ids)

    def redrive(self, *job_ids: str, data: str = "") -> list[int]:
        """Ada sends dead jobs home."""
        pairs = [text for job_id in job_ids for text in (job_id, data)]
        return self.functions.codes("redrive", "ada", "fixed it", "", *pairs)

    def discard(self, *job_ids: str, how: str = "discarded") -> list[int]:
        """Ada gives dead jobs up."""
        return self.functions.codes("discard", "ada", "no use", how, *job_ids)

    def reprioritise(self, job_id: str, queue: str, *, front: bool = False) -> int:
        """Ada moves a job."""
        return self.functions.codes("reprioritise", "ada", "urgent", int(front), job_id, queue)[0]

    def run_now(self, *job_ids: str) -> list[int]:
        """Ada cannot wait."""
        return self.functions.codes("run_now", "ada", "cannot wait", *job_ids)

    def resume(self, what: str, most: int = 200, lanes: tuple[str, ...] = ()) -> list[int]:
        """Whether it was paused, and how many came back."""
        return self.functions.codes("resume", what, "ada", "", most, *lanes)

    def parked(self, gate: str) -> list[str]:
        """The ids behind a gate, high before normal before low, the next one of each first."""
        return [job_id for line in lines_of(gate) for job_id in self.line(line)]

    def line(self, line: str) -> list[str]:
        """The ids in one line behind a gate, the next one first."""
        return self.members(self.keys.parked(line))

    def wake_tokens(self, lane: str = "default") -> int:
        """How many idle processes a lane would wake."""
        return self.redis.llen(self.keys.wake(lane))

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
        events = events_of(self.redis, self.keys)
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
