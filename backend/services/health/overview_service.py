"""How the platform is doing, at a glance: queues, workers, rates, and what a person should look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from backend.domain.errors import MigrationError, Unavailable
from backend.domain.history.history_ports import StreamLag
from backend.domain.history.history_statistics import AttemptCounts, TypeStatistics
from backend.domain.history.queue_depth import ALL_QUEUES, DepthReader, QueueDepth
from backend.domain.history.queue_flow import FlowReader, begin_of_last_hour
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.breaker_state import BreakerState
from backend.domain.jobs.options.quota import QuotaState
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.pause import Pause
from backend.domain.jobs.queue_name import queues_of
from backend.domain.jobs.queue_state import QueueState, WorkerState
from backend.domain.ports import Clock, Inspection
from backend.domain.schedules.schedule_view import ScheduleView
from backend.services.finding.history_service import HistoryService
from backend.services.health.health_signs import signs_of, wants_comparison
from backend.services.health.health_situation import Sign, Situation
from backend.services.health.queue_signs import MANY_WAITING

_RECENT, _DAY = timedelta(hours=1), timedelta(days=1)
#: With what is waiting now is held against what was.
_BEFORE = timedelta(minutes=15)
#: Running jobs looked at for those that run too long, of each queue.
_MOST_RUNNING = 100


class Overview(NamedTuple):
    """Everything, as of one moment. Durations are seconds."""

    at: datetime
    queues: list[QueueState]
    dead: int
    pauses: list[Pause]
    workers: list[WorkerState]
    #: Of the last 60 minutes; None while the record is away.
    attempts: AttemptCounts | None
    types: list[TypeStatistics]
    #: How far the record is behind; None when nobody can tell.
    lag: StreamLag | None
    signs: list[Sign]

    def total(self, state: JobState) -> int:
        """Jobs in a state, over all queues."""
        return sum(queue.counts[state] for queue in self.queues)

    @property
    def difference(self) -> int:
        """What the books are out by, over all queues; moves for moments while jobs move."""
        return sum(queue.difference for queue in self.queues)


class OverviewService:
    """Reads both stores; raises `QueueUnavailable`, and makes do without the record."""

    def __init__(
        self,
        inspection: Inspection,
        history: HistoryService,
        clock: Clock,
        *,
        flow: FlowReader,
        lanes: Sequence[str],
        depths: DepthReader | None = None,
        overdue: Callable[[], list[ScheduleView]] | None = None,
        lag: Callable[[], StreamLag] | None = None,
        check: Callable[[], None] | None = None,
        foreign: Callable[[], int] = lambda: 0,
        breakers: Callable[[], list[BreakerState]] = list,
        quotas: Callable[[], list[QuotaState]] = list,
    ) -> None:
        """``check`` raises `Unavailable` unless Redis would take a job."""
        self._look = inspection
        self._history = history
        self._clock = clock
        self._flow = flow
        self._lanes = lanes
        self._depths = depths
        self._overdue = overdue
        self._lag = lag
        self._check = check
        self._foreign = foreign
        self._breakers = breakers
        self._quotas = quotas

    def queues(self) -> list[QueueState]:
        """Every queue that a worker could serve, or that ever held a job; most urgent first."""
        names = [str(name) for name in queues_of(list(self._lanes))]
        names += [name for name in self._look.queue_names() if name not in names]
        return self._look.queue_states(names)

    def pauses(self) -> list[Pause]:
        """What is paused."""
        return self._look.pauses()

    def limits(self) -> dict[str, int]:
        """How many jobs of a type may run at once in the cluster; types without a limit are left out."""
        return self._look.limits()

    def key_limits(self) -> dict[str, int]:
        """How many jobs of a key may run at once, where an operator says so; 0: as many as can."""
        return self._look.key_limits()

    def key_rates(self) -> dict[str, Rate | None]:
        """How many jobs of a key may start in a time, where an operator says so; None: as many as come."""
        return self._look.key_rates()

    def depths(
        self, since: datetime, until: datetime, seconds: int, queue: str = ALL_QUEUES
    ) -> list[QueueDepth]:
        """What waited, the most of each stretch of so many seconds; raises `HistoryUnavailable`."""
        return self._depths.by_slice(since, until, seconds, queue) if self._depths else []

    def overview(self) -> Overview:
        """How it is now."""
        now = self._clock.now()
        queues, pauses, workers = self.queues(), self._look.pauses(), self._look.workers()
        types = self._recent_types(now)
        found = Situation(
            now=now,
            queues=queues,
            pauses=pauses,
            frozen=self._look.frozen(),
            workers=workers,
            running=self._running(queues),
            attempts=_sum(types) if types is not None else None,
            types=types or [],
            redis_refuses=self._refusal_now(),
            breakers=self._breakers(),
            quotas=self._quotas(),
            foreign_jobs=self._foreign(),
            lag=self._lag_now(),
        )
        if types is not None:
            # A record that is away keeps everybody waiting once, not once for each question.
            found = self._compared(found)
        return Overview(
            at=now,
            queues=queues,
            dead=self._look.dead_count(),
            pauses=pauses,
            workers=workers,
            attempts=found.attempts,
            types=types or [],
            lag=found.lag,
            signs=signs_of(found),
        )

    def _compared(self, found: Situation) -> Situation:
        """With what the record says of the time before; as it was when it says nothing."""
        try:
            return replace(
                found,
                day_before=self._day_before(found),
                waited_before=self._waited_before(found),
                overdue=self._overdue() if self._overdue else [],
            )
        except (Unavailable, MigrationError):
            return found

    def _day_before(self, found: Situation) -> AttemptCounts | None:
        """Of the 24 whole hours before those that the last 60 minutes touch, if it matters."""
        if found.attempts is None or not wants_comparison(found.attempts):
            return None
        until = (found.now - _RECENT).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return _sum(self._history.by_type(until - _DAY, until))

    def _waited_before(self, found: Situation) -> dict[str, int] | None:
        many = any(each.counts[JobState.QUEUED] >= MANY_WAITING for each in found.queues)
        return self._depths.waiting_at(found.now - _BEFORE) if many and self._depths else None

    def _recent_types(self, now: datetime) -> list[TypeStatistics] | None:
        try:
            return self._flow.by_type(begin_of_last_hour(now), now)
        except (Unavailable, MigrationError):
            return None

    def _lag_now(self) -> StreamLag | None:
        try:
            return self._lag() if self._lag is not None else None
        except Unavailable:
            return None

    def _refusal_now(self) -> Unavailable | None:
        try:
            if self._check is not None:
                self._check()
        except Unavailable as error:
            return error
        return None

    def running(self) -> list[JobView]:
        """What runs now, at most 100 of each queue."""
        return self._running(self.queues())

    def _running(self, queues: Sequence[QueueState]) -> list[JobView]:
        ids: list[str] = []
        for queue in queues:
            if queue.counts[JobState.STARTED]:
                ids += self._look.started(queue.name)[:_MOST_RUNNING]
        return [job for job in self._look.jobs(ids) if job.state is JobState.STARTED]


def _sum(types: Sequence[TypeStatistics]) -> AttemptCounts:
    columns = zip(*(each.attempts for each in types), strict=True)
    return (
        AttemptCounts(*(sum(column) for column in columns))
        if types
        else AttemptCounts(0, 0, 0, 0, 0)
    )
