"""The whole broker in Redis: its clients and everything that stands on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis

from backend.broker.jobs.checkpoints import RedisCheckpoints
from backend.broker.jobs.declarations import RedisDeclarations
from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.jobs.foreign_jobs import RedisForeignJobs
from backend.broker.jobs.gates.breakers import RedisBreakers
from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.jobs.operations import RedisOperations
from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.broker.keys import Keys
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.schedules.timetable import RedisTimetable
from backend.broker.workers.untold_ends import RedisUntoldEnds
from backend.locks.fork_locks import cached_property

if TYPE_CHECKING:
    from backend.broker.jobs.gates.fair_queues import RedisFairQueues
    from backend.broker.jobs.gates.quotas import RedisQuotas
    from backend.broker.schedules.redis_freezes import RedisFreezes


class RedisBroker:
    """Every part of the live truth, made when it is first asked for."""

    def __init__(
        self,
        client: Redis,
        blocking: Redis,
        keys: Keys,
        *,
        backlog_limit: int = 0,
        stream_limit: int = 0,
        lean_jobs: bool = False,
        is_alone: bool = False,
    ) -> None:
        """``is_alone``: nobody else may keep jobs under the prefix; where RQ does, none is accepted."""
        self._client = client
        self._blocking = blocking
        self._keys = keys
        self._limits = {"backlog_limit": backlog_limit, "stream_limit": stream_limit}
        self._lean_jobs = lean_jobs
        self._is_alone = is_alone

    @cached_property
    def queue(self) -> RedisJobQueue:
        """Where jobs are accepted and looked at."""
        return RedisJobQueue(
            self._client,
            self._blocking,
            self._keys,
            lean_jobs=self._lean_jobs,
            looks_first=self._is_alone,
            **self._limits,
        )

    @cached_property
    def declarations(self) -> RedisDeclarations:
        """The job types that workers publish."""
        return RedisDeclarations(self._client, self._keys)

    @cached_property
    def leases(self) -> RedisLeaseBook:
        """All leases."""
        return RedisLeaseBook(self._client, self._keys)

    @cached_property
    def untold(self) -> RedisUntoldEnds:
        """Attempts whose processes died, for observers."""
        return RedisUntoldEnds(self._client, self._keys)

    @cached_property
    def timetable(self) -> RedisTimetable:
        """Jobs that wait for their time."""
        return RedisTimetable(self._client, self._blocking, self._keys)

    @cached_property
    def leadership(self) -> RedisLeadership:
        """Who leads a duty."""
        return RedisLeadership(self._client, self._keys)

    @cached_property
    def operations(self) -> RedisOperations:
        """What people do to jobs and queues."""
        return RedisOperations(self._client, self._keys)

    @cached_property
    def inspection(self) -> RedisInspection:
        """The read side."""
        return RedisInspection(self._client, self._keys)

    @cached_property
    def breakers(self) -> RedisBreakers:
        """The breakers of destinations."""
        return RedisBreakers(self._client, self._keys)

    @cached_property
    def freezes(self) -> RedisFreezes:
        """Maintenance windows; workers never ask for more of them than `claim` does."""
        from backend.broker.schedules.redis_freezes import RedisFreezes

        return RedisFreezes(self._client, self._keys)

    @cached_property
    def fair_queues(self) -> RedisFairQueues:
        """Queues whose jobs take turns by key."""
        # Most processes never ask.
        from backend.broker.jobs.gates.fair_queues import RedisFairQueues

        return RedisFairQueues(self._client, self._keys)

    @cached_property
    def quotas(self) -> RedisQuotas:
        """How much tenants may use."""
        from backend.broker.jobs.gates.quotas import RedisQuotas

        return RedisQuotas(self._client, self._keys)

    @cached_property
    def foreign(self) -> RedisForeignJobs:
        """What is not ours."""
        return RedisForeignJobs(self._client, self._keys)

    @cached_property
    def progress_notes(self) -> RedisProgressNotes:
        """How far started jobs are."""
        return RedisProgressNotes(self._client, self._keys)

    @cached_property
    def checkpoints(self) -> RedisCheckpoints:
        """What attempts leave for later ones."""
        return RedisCheckpoints(self._client, self._keys)

    def dispatch(
        self, worker: str, lanes: tuple[str, ...], *, lease_seconds: float
    ) -> RedisDispatch:
        """The hot path of one worker process, on a connection of its own."""
        return RedisDispatch(
            self._client, self._keys, worker=worker, lanes=lanes, lease=lease_seconds
        )
