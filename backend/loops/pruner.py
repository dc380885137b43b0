"""Keeps the record in shape: old jobs and months of events go, hours that are over are summed up."""

from __future__ import annotations

from datetime import timedelta

import structlog

from backend.domain.history.history_ports import HistoryUpkeep
from backend.domain.history.history_retention import RetentionPolicy
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
        """One batch of each duty; the wait is none while a batch was full."""
        self._upkeep.make_partitions(_AHEAD)
        self._upkeep.sum_up_counts()
        counted = self._upkeep.count_failures(_HOURS)
        summed = self._upkeep.sum_up_hours(_HOURS)
        more = self._prune_jobs()
        self._drop_old()
        return 0.0 if more or _HOURS in (counted, summed) else self._interval

    def _prune_jobs(self) -> bool:
        """Deletes a batch of each group of jobs that is over its time; whether one had more."""
        more = False
        for rule in self._policy.rules():
            jobs = self._upkeep.prune_jobs(rule, self._clock.now() - rule.keep, _BATCH)
            self.pruned += jobs
            more = more or jobs >= _BATCH
            if jobs:
                log.info("jobs.pruned", jobs=jobs, states=rule.states, job_type=rule.job_type)
        return more

    def _drop_old(self) -> None:
        now = self._clock.now()
        before = now - self._policy.longest
        if months := self._upkeep.drop_jobs(before):
            log.info("jobs.dropped", months=months)
        if months := self._upkeep.drop_events(before):
            log.info("events.dropped", months=months)
        self._upkeep.drop_statistics(now - _KEEP_STATISTICS)
