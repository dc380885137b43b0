"""The brokers that are held to one contract, each behind the same ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import fakeredis
from redis import Redis

from backend.broker.events.event_stream import RedisEventStream
from backend.broker.keys import Keys
from backend.broker.redis_broker import RedisBroker
from backend.broker.server import library
from backend.broker.server.connection import connect, connect_blocking
from backend.domain.history.history_ports import EventSource
from backend.domain.jobs.options.breaker_state import Breakers
from backend.domain.jobs.options.fairness import FairQueues
from backend.domain.jobs.options.quota import Quotas
from backend.domain.jobs.published_type import Declarations
from backend.domain.ports import (
    Dispatch,
    Inspection,
    JobQueue,
    Leadership,
    LeaseBook,
    Operations,
    Timetable,
    UntoldEnds,
)
from backend.domain.schedules.freeze_ports import Freezes
from backend.memory.broker import MemoryBroker
from backend.memory.standing_clock import StandingClock
from tests.contract.broker.passing_time import let_pass
from workers.runtime.attempts.job_contexts import CheckpointStore, ProgressNotes


class Broker(Protocol):
    """One deployment's live truth, and its clock."""

    queue: JobQueue
    leases: LeaseBook
    untold: UntoldEnds
    timetable: Timetable
    leadership: Leadership
    operations: Operations
    inspection: Inspection
    breakers: Breakers
    fair_queues: FairQueues
    quotas: Quotas
    progress_notes: ProgressNotes
    checkpoints: CheckpointStore
    events: EventSource
    #: Whether time that was let pass shows on its clock; else all that is due came nearer.
    is_ahead: bool
    declarations: Declarations
    freezes: Freezes

    def dispatch(self, worker: str, lanes: tuple[str, ...], *, lease_seconds: float) -> Dispatch:
        """The hot path of one worker process."""

    def limited(self, *, backlog_limit: int = 0, stream_limit: int = 0) -> JobQueue:
        """The same queue, as callers see it who are refused sooner."""

    def now(self) -> datetime:
        """What its clock shows. One that stands does so however long the machine takes."""

    def pass_time(self, seconds: float) -> None:
        """Whatever waits for a time waits so much less."""

    def set_back(self, seconds: float) -> None:
        """The clock of the store is set back: what is noted lies ahead of it."""


class _Clock(StandingClock):
    """One that somebody sets back."""

    def set_back(self, seconds: float) -> None:
        """So many seconds."""
        self._start -= timedelta(seconds=seconds)


class InMemory(MemoryBroker):
    """The memory, with its clock."""

    is_ahead = True

    def __init__(self) -> None:
        self.clock = _Clock()
        super().__init__(self.clock)

    def limited(self, *, backlog_limit: int = 0, stream_limit: int = 0) -> JobQueue:
        """The same queue with limits."""
        return self.queue_with(backlog_limit=backlog_limit, stream_limit=stream_limit)

    def now(self) -> datetime:
        """The instant to which the clock was moved."""
        return self.clock.now()

    def pass_time(self, seconds: float) -> None:
        """Moves the clock."""
        self.clock.move(seconds)

    def set_back(self, seconds: float) -> None:
        """Sets the clock back."""
        self.clock.set_back(seconds)


class InRedis(RedisBroker):
    """What answers like Redis."""

    is_ahead = False

    def __init__(self, client: Redis, blocking: Redis) -> None:
        keys = Keys("rq")
        super().__init__(client, blocking, keys)
        self._client, self._blocking, self._keys = client, blocking, keys
        self.events = RedisEventStream(client, blocking, keys, consumer="recorder-1")

    def limited(self, *, backlog_limit: int = 0, stream_limit: int = 0) -> JobQueue:
        """The same queue with limits."""
        limits = {"backlog_limit": backlog_limit, "stream_limit": stream_limit}
        return RedisBroker(self._client, self._blocking, self._keys, **limits).queue

    def now(self) -> datetime:
        """This machine's clock, which is the server's."""
        return datetime.now(UTC)

    def pass_time(self, seconds: float) -> None:
        """Moves everything that is due nearer."""
        let_pass(self._client, self._keys, seconds)

    def set_back(self, seconds: float) -> None:
        """Moves all that is noted ahead."""
        let_pass(self._client, self._keys, -seconds)


@contextmanager
def in_redis(url: str) -> Iterator[InRedis]:
    """A real server, emptied first."""
    with closing(connect(url)) as client, closing(connect_blocking(url)) as blocking:
        client.flushall()
        library.load(client)
        yield InRedis(client, blocking)


@contextmanager
def in_fakeredis() -> Iterator[InRedis]:
    """fakeredis, which runs our function library in this process."""
    server = fakeredis.FakeServer()
    with (
        closing(fakeredis.FakeRedis(server=server, protocol=2)) as client,
        closing(fakeredis.FakeRedis(server=server, protocol=2)) as blocking,
    ):
        library.load(client)
        yield InRedis(client, blocking)
