"""Looking at queues, dead letters and workers. The read side; nothing here changes a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from redis import Redis

from backend.broker.jobs import codec
from backend.broker.jobs.gates.pause_notes import PauseNotes
from backend.broker.jobs.moments import moment
from backend.broker.jobs.parked_jobs import ParkedJobs
from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.rate import Rate, RateState, rate_in
from backend.domain.jobs.pause import Pause
from backend.domain.jobs.queue_name import DEAD_LETTER_QUEUE, lane_of
from backend.domain.jobs.queue_state import QueueState, WorkerState

if TYPE_CHECKING:
    from backend.domain.jobs.job import NewJob
    from backend.domain.jobs.options.unique import UniqueScope
    from backend.domain.jobs.plans.twin import Twin
    from backend.domain.schedules.freeze import FrozenWindow

_COUNTS = ("accepted", "finished", "failed", "canceled", "parked", "poisoned", "lined")


class RedisInspection:
    """The `Inspection` on Redis."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._parked = ParkedJobs(client, keys)
        self._pauses = PauseNotes(client, keys)

    def queue_names(self) -> list[str]:
        """Every queue that ever held a job, the dead-letter queue left out."""
        with translated():
            found = cast(set[bytes], self._client.smembers(self._keys.queues))
        head = len(self._keys.queue(""))
        return sorted({key.decode()[head:] for key in found} - {DEAD_LETTER_QUEUE})

    def queue_states(self, names: Sequence[str]) -> list[QueueState]:
        """How many jobs of each queue are where, and since when its oldest waits, parked ones too."""
        pipe = self._client.pipeline(transaction=False)
        for name in names:
            pipe.llen(self._keys.queue(name))
            pipe.lindex(self._keys.queue(name), 0)
            for registry in ("scheduled", "wip", "deferred"):
                pipe.zcard(self._keys.registry(registry, name))
            pipe.hmget(self._keys.counts(name), _COUNTS)
        pipe.smembers(self._keys.paused)
        with translated():
            *rows, paused = pipe.execute()
        words = {word.decode() for word in paused}
        width = len(rows) // len(names) if names else 0
        heads = self._enqueued_at([rows[at * width + 1] for at in range(len(names))])
        states = [
            _queue_state(name, rows[at * width : (at + 1) * width], heads[at], words)
            for at, name in enumerate(names)
        ]
        return self._with_parked(states)

    def _with_parked(self, states: list[QueueState]) -> list[QueueState]:
        aside = {state.name for state in states if state.parked + state.lined > 0}
        oldest = self._parked.oldest(aside) if aside else {}
        return [_since_oldest(state, oldest.get(state.name)) for state in states]

    def _enqueued_at(self, heads: Sequence[bytes | None]) -> list[datetime | None]:
        pipe = self._client.pipeline(transaction=False)
        for job_id in heads:
            job = self._keys.job(job_id.decode() if job_id else "-")
            pipe.hmget(job, "enqueued_at", "created_at")
        with translated():
            rows = pipe.execute() if heads else []
        stamps = [enqueued or created for enqueued, created in rows]
        return [datetime.fromisoformat(stamp.decode()) if stamp else None for stamp in stamps]

    def paused(self) -> list[str]:
        """What is paused: ``queue:<name>``, ``lane:<name>``, ``type:<name>``; ``all`` by `rq suspend`."""
        with translated():
            words = cast(set[bytes], self._client.smembers(self._keys.paused))
            suspended = self._client.exists(self._keys.suspended)
        return sorted([word.decode() for word in words] + (["all"] if suspended else []))

    def pauses(self) -> list[Pause]:
        """What is paused, by whom, since when and why, and how many jobs stepped aside for it."""
        return self._pauses.all()

    def gates(self) -> list[str]:
        """Limits and paused job types that jobs wait behind, by name."""
        return self._parked.gates()

    def parked(self, gate: str, start: int, most: int) -> list[str]:
        """Ids that wait behind a limit or a paused job type: high, normal, low, each in order."""
        return self._parked.ids(gate, start, most)

    def newest_parked(self, most: int) -> list[str]:
        """The last ids behind each gate, at most so many of one; of very many gates fewer of each."""
        return self._parked.newest(most)

    def waiting(self, queue: str, start: int, most: int) -> list[str]:
        """Ids in a queue, the next to run first."""
        with translated():
            ids = cast(
                list[bytes], self._client.lrange(self._keys.queue(queue), start, start + most - 1)
            )
        return [job_id.decode() for job_id in ids]

    def position(self, job_id: str, queue: str) -> int | None:
        """How many jobs of its queue run before it; None when it does not wait there."""
        with translated():
            return cast("int | None", self._client.lpos(self._keys.queue(queue), job_id))

    def scheduled(self, start: int, most: int) -> list[tuple[str, datetime]]:
        """Jobs that wait for their time, the soonest first."""
        with translated():
            entries = self._client.zrange(
                self._keys.schedule, start, start + most - 1, withscores=True
            )
        return [(job_id.decode(), moment(score)) for job_id, score in cast(list[Any], entries)]

    def started(self, queue: str) -> list[str]:
        """Ids that run now."""
        with translated():
            members = cast(
                list[bytes], self._client.zrange(self._keys.registry("wip", queue), 0, -1)
            )
        return [member.decode().partition(":")[0] for member in members]

    def dead(
        self, start: int, most: int, *, newest_first: bool = True
    ) -> list[tuple[str, datetime]]:
        """Dead jobs and since when they are."""
        with translated():
            entries = self._client.zrange(
                self._keys.dead, start, start + most - 1, desc=newest_first, withscores=True
            )
        return [
            (job_id.decode(), moment(score / 1000)) for job_id, score in cast(list[Any], entries)
        ]

    def dead_count(self) -> int:
        """How many jobs are in the dead-letter queue."""
        with translated():
            return self._client.zcard(self._keys.dead)

    def jobs(self, job_ids: Sequence[str]) -> list[JobView]:
        """Those of the jobs that Redis knows, in the order given; results are left out."""
        pipe = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hgetall(self._keys.job(job_id))
        with translated():
            hashes = pipe.execute() if job_ids else []
        found = {i: f for i, f in zip(job_ids, hashes, strict=True) if b"status" in f}
        dues = self._dues([i for i, fields in found.items() if fields[b"status"] == b"scheduled"])
        return [codec.job_view(i, fields, due=dues.get(i)) for i, fields in found.items()]

    def _dues(self, job_ids: Sequence[str]) -> dict[str, float | None]:
        """When scheduled jobs are due, in Unix seconds."""
        pipe = self._client.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.zscore(self._keys.schedule, job_id)
        with translated():
            return dict(zip(job_ids, pipe.execute() if job_ids else [], strict=True))

    def workers(self) -> list[WorkerState]:
        """Every worker process on record, the dead that nobody has cleared included."""
        with translated():
            members = cast(set[bytes], self._client.smembers(self._keys.workers))
            keys = sorted(member.decode() for member in members)
            pipe = self._client.pipeline(transaction=False)
            for key in keys:
                pipe.hgetall(key)
            hashes = pipe.execute() if keys else []
        head = len(self._keys.worker(""))
        return [_worker_state(key[head:], row) for key, row in zip(keys, hashes, strict=True)]

    def gate(self, gate: str) -> tuple[list[str], int]:
        """Who holds the slots of a concurrency limit, and how many wait behind it."""
        with translated():
            holders = cast(set[bytes], self._client.smembers(self._keys.holders(gate)))
        [parked] = self._parked.counts([gate])
        return sorted(holder.decode() for holder in holders), parked

    def frozen(self) -> list[FrozenWindow]:
        """Windows of freezes that workers know, by their beginning; also those whose ramp is not over."""
        # Who never asks need not read what freezes are.
        from backend.broker.schedules.frozen_windows import windows_in

        with translated():
            found = self._client.zrange(self._keys.frozen, 0, -1, withscores=True)
        return windows_in(cast(list[tuple[bytes, float]], found))

    def holder_of(self, scope: UniqueScope) -> str:
        """The job that keeps out those that are the same; empty for none: the key is free."""
        from backend.broker.jobs.gates.twins import RedisTwins

        return RedisTwins(self._client, self._keys).holder_of(scope)

    def twins(self, jobs: Sequence[NewJob]) -> list[Twin | None]:
        """Of jobs that are asked for, those that would be answered in their place; nothing is accepted."""
        # Most processes never ask.
        from backend.broker.jobs.gates.twins import RedisTwins

        return RedisTwins(self._client, self._keys).of(jobs)

    def limits(self) -> dict[str, int]:
        """Concurrency limits by job type."""
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.limits))
        return {name.decode(): int(most) for name, most in found.items()}

    def key_limits(self) -> dict[str, int]:
        """How many jobs of a key may run at once, where an operator says so; 0: as many as can."""
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.key_limits))
        return {key.decode(): int(most) for key, most in found.items()}

    def rates(self) -> dict[str, Rate]:
        """How many jobs of a type may start in a time, where that is limited."""
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.rates))
        rates = {name.decode(): rate_in(text.decode()) for name, text in found.items()}
        return {name: rate for name, rate in rates.items() if rate is not None}

    def key_rates(self) -> dict[str, Rate | None]:
        """How many jobs of a key may start in a time, where an operator says so; None: as many as come."""
        with translated():
            found = cast(dict[bytes, bytes], self._client.hgetall(self._keys.key_rates))
        return {key.decode(): rate_in(text.decode()) for key, text in found.items()}

    def rate_state(self, name: str, own: Rate | None = None) -> RateState | None:
        """How the rate of a type stands, or of a key; None when it has none. ``own``: what its jobs say."""
        gate = f"rate:{name}"
        said = self._keys.key_rates if ":" in name else self._keys.rates
        with translated():
            text = cast("bytes | None", self._client.hget(said, name))
            spoken = int(cast("bytes | None", self._client.get(self._keys.spoken_for(gate))) or 0)
            seconds, micros = self._client.time()
        rate = rate_in(text.decode()) if text else own
        if rate is None:
            return None
        opens = spoken - (rate.at_once - 1) * rate.every_us
        is_open = opens <= seconds * 1_000_000 + micros
        [waiting] = self._parked.counts([gate])
        opens_at = None if is_open else moment(opens / 1_000_000)
        return RateState(rate, waiting, opens_at, moment(spoken / 1_000_000))


def _queue_state(
    name: str, row: list[Any], oldest: datetime | None, paused: set[str]
) -> QueueState:
    queued, _, scheduled, started, deferred, counts = row
    numbers = dict(zip(_COUNTS, (int(value or 0) for value in counts), strict=True))
    lane = lane_of(name)
    return QueueState(
        name=name,
        counts={
            JobState.SCHEDULED: scheduled,
            JobState.DEFERRED: deferred,
            JobState.QUEUED: queued + numbers["parked"],
            JobState.STARTED: started,
            JobState.FINISHED: numbers["finished"],
            JobState.FAILED: numbers["failed"],
            JobState.CANCELED: numbers["canceled"],
        },
        accepted=numbers["accepted"],
        parked=numbers["parked"] - numbers["lined"],
        oldest_enqueued_at=oldest,
        paused=f"queue:{name}" in paused or f"lane:{lane}" in paused,
        poisoned=numbers["poisoned"],
        lined=numbers["lined"],
    )


def _since_oldest(state: QueueState, parked: datetime | None) -> QueueState:
    instants = [at for at in (state.oldest_enqueued_at, parked) if at is not None]
    return replace(state, oldest_enqueued_at=min(instants, default=None))


def _worker_state(name: str, row: dict[bytes, bytes]) -> WorkerState:
    text = {key.decode(): value.decode() for key, value in row.items()}
    beat, birth = text.get("last_heartbeat"), text.get("birth")
    return WorkerState(
        name=name,
        lane=text.get("lane", ""),
        queues=tuple(text["queues"].split(",")) if text.get("queues") else (),
        host=text.get("hostname", ""),
        pid=int(text.get("pid", 0)),
        state=text.get("state", "lost") if row else "lost",
        stopping=text.get("stopping") == "1",
        slots=int(text.get("slots", 0)),
        busy_slots=int(text.get("busy_slots", 0)),
        current_job=text.get("current_job", ""),
        finished=int(text.get("successful_job_count", 0)),
        failed=int(text.get("failed_job_count", 0)),
        rss_bytes=int(text.get("rss_bytes", 0)),
        version=text.get("tally_version", ""),
        born_at=datetime.fromisoformat(birth) if birth else None,
        last_heartbeat=datetime.fromisoformat(beat) if beat else None,
    )
