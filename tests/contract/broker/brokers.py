"""The brokers that are held to one contract, each behind the same ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

import fakeredis
from redis import Redis

from backend.broker.events.event_stream import RedisEventStream
from backend.broker.jobs.checkpoints import RedisCheckpoints
from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.jobs.operations import RedisOperations
from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.broker.keys import Keys
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.schedules.timetable import RedisTimetable
from backend.broker.server import library
from backend.broker.server.connection import connect, connect_blocking
from backend.domain.history.history_ports import EventSource
from backend.domain.ports import (
    Dispatch,
    Inspection,
    JobQueue,
    Leadership,
    LeaseBook,
    Operations,
    Timetable,
)
from backend.memory.broker import MemoryBroker
from backend.memory.standing_clock import StandingClock
from tests.contract.broker.passing_time import let_pass
from workers.runtime.attempts.job_contexts import CheckpointStore, ProgressNotes

LANES = ("default", "email")


class Broker(Protocol):
    """One deployment's live truth, and its clock."""

    queue: JobQueue
    leases: LeaseBook
    timetable: Timetable
    leadership: Leadership
    operations: Operations
    inspection: Inspection
    progress_notes: ProgressNotes
    checkpoints: CheckpointStore
    events: EventSource

    def dispatch(self, worker: str, *, lease_seconds: float) -> Dispatch:
        """The hot path of one worker process."""

    def limited(self, *, backlog_limit: int = 0, stream_limit: int = 0) -> JobQueue:
        """The same queue, as callers see it who are refused sooner."""

    def pass_time(self, seconds: float) -> None:
        """Whatever waits for a time waits so much less."""


class InMemory(MemoryBroker):
    """The memory, with its clock."""

    def __init__(self) -> None:
        self._clock = StandingClock()
        super().__init__(self._clock)

    def limited(self, *, backlog_limit: int = 0, stream_limit: int = 0) -> JobQueue:
        """The same queue with limits."""
        return self.queue_with(backlog_limit=backlog_limit, stream_limit=stream_limit)

    def pass_time(self, seconds: float) -> None:
        """Moves the clock."""
        self._clock.move(seconds)


class InRedis:
    """What answers like Redis."""

    def __init__(self, client: Redis, blocking: Redis) -> None:
        keys = Keys("rq")
        self._client, self._blocking, self._keys = client, blocking, keys
        self.queue = self.limited()
        self.leases = RedisLeaseBook(client, keys)
        self.timetable = RedisTimetable(client, blocking, keys)
        self.leadership = RedisLeadership(client, keys)
        self.operations = RedisOperations(client, keys)
        self.inspection = RedisInspection(client, keys)
        self.progress_notes = RedisProgressNotes(client, keys)
        self.checkpoints = RedisCheckpoints(client, keys)
        self.events = RedisEventStream(client, blocking, keys, consumer="recorder-1")

    def dispatch(self, worker: str, *, lease_seconds: float) -> RedisDispatch:
        """A connection of its own."""
        return RedisDispatch(
            self._client, self._keys, worker=worker, lanes=LANES, lease=lease_seconds
        )

    def limited(self, *, backlog_limit: int = 0, stream_limit: int = 0) -> RedisJobQueue:
        """The same queue with limits."""
        return RedisJobQueue(
            self._client,
            self._blocking,
            self._keys,
            backlog_limit=backlog_limit,
            stream_limit=stream_limit,
        )

    def pass_time(self, seconds: float) -> None:
        """Moves everything that is due nearer."""
        let_pass(self._client, self._keys, seconds)


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
