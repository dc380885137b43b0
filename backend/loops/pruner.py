"""Keeps the record in shape: old jobs and months of events go, hours that are over are summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import structlog

from backend.domain.errors import HistoryUnavailable
from backend.domain.history.history_ports import HistoryUpkeep
from backend.domain.history.history_retention import RetentionPolicy, RetentionRule
from backend.domain.ports import Clock
from backend.loops.loop import Loop

log = structlog.get_logger("tally.pruner")

#: Rows of one transaction: short enough to hold nobody up.
_BATCH = 1000
_HOURS = 48
#: Months of events for which there is room before they begin.
_AHEAD = 2
#: Sums outlive the jobs they are of, so that this week can be held against the same week last year.
_KEEP_STATISTICS = timedelta(days=400)


class Pruner(Loop):
    """One round each ``interval`` seconds; without a pause while there is much to do. Several may run."""

    name = "pruner"

    def __init__(
        self,
        upkeep: HistoryUpkeep,
        clock: Clock,
        policy: RetentionPolicy,
        *,
        interval: float = 60.0,
    ) -> None:
        self._upkeep = upkeep
        self._clock = clock
        self._policy = policy
        self._interval = interval
        self.pruned = 0

    def run_once(self) -> float:
        """One batch of each duty; the wait is none while a batch was full.

        What takes one duty too long holds up no other. The first such error is raised at the end.
        """
        more, errors = False, list[HistoryUnavailable]()
        for duty in self._duties():
            try:
                more = duty() or more
            except HistoryUnavailable as error:
                if not error.details.get("sqlstate"):
                    raise
                errors.append(error)
        if errors:
            raise errors[0]
        return 0.0 if more else self._interval

    def _duties(self) -> Iterator[Callable[[], bool]]:
        """Each does a batch, and says whether there is more."""
        yield self._make_room
        yield self._sum_up_counts
        yield lambda: self._upkeep.count_failures(_HOURS) == _HOURS
        yield lambda: self._upkeep.sum_up_hours(_HOURS) == _HOURS
        # What is deleted does not come back: a clock that is ahead must not be believed alone.
        now = min(self._clock.now(), self._upkeep.now())
        for rule in self._policy.rules():
            yield partial(self._prune_jobs, rule, now)
        yield partial(self._drop_jobs, now)
        yield partial(self._drop_events, now)
        yield partial(self._prune_events, now)
        yield partial(self._prune_set_aside, now)
        yield partial(self._drop_statistics, now)

    def _make_room(self) -> bool:
        self._upkeep.make_partitions(_AHEAD)
        return False

    def _sum_up_counts(self) -> bool:
        self._upkeep.sum_up_counts()
        return False

    def _prune_jobs(self, rule: RetentionRule, now: datetime) -> bool:
        jobs = self._upkeep.prune_jobs(rule, now - rule.keep, _BATCH)
        self.pruned += jobs
        if jobs:
            log.info("jobs.pruned", jobs=jobs, states=rule.states, job_type=rule.job_type)
        return jobs >= _BATCH

    def _drop_jobs(self, now: datetime) -> bool:
        if months := self._upkeep.drop_jobs(now - self._policy.longest):
            log.info("jobs.dropped", months=months)
        return False

    def _drop_events(self, now: datetime) -> bool:
        if months := self._upkeep.drop_events(now - self._policy.longest):
            log.info("events.dropped", months=months)
        return False

    def _prune_events(self, now: datetime) -> bool:
        if events := self._upkeep.prune_events(now - self._policy.longest, _BATCH):
            log.info("event_records.pruned", events=events)
        return events >= _BATCH

    def _prune_set_aside(self, now: datetime) -> bool:
        if events := self._upkeep.prune_set_aside(now - self._policy.longest, _BATCH):
            log.info("set_aside_events.pruned", events=events)
        return events >= _BATCH

    def _drop_statistics(self, now: datetime) -> bool:
        self._upkeep.drop_statistics(now - _KEEP_STATISTICS)
        return False
