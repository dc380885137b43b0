"""What a worker process counts about its jobs: called for each outcome, so it must cost next to nothing."""

from __future__ import annotations

from collections.abc import Collection

from backend.domain.jobs.attempts.outcome import Outcome
from backend.telemetry.metrics import metric_catalogue as metrics
from backend.telemetry.metrics.counts import Snapshot, Timings, nothing

#: What stands for a job type that this process does not know: anybody may write one into Redis.
UNKNOWN = "unknown"


class JobCounts:
    """Counts outcomes by job type. Safe for several threads."""

    def __init__(self, lane: str, job_types: Collection[str]) -> None:
        self._lane = lane
        self._job_types = frozenset(job_types)
        self._runs = Timings()
        self._waits = Timings()
        self._late = Timings()

    def count(self, job_type: str | None, outcome: Outcome, wait: float) -> None:
        """One attempt ended; ``job_type`` is None when its lease was lost before.

        ``wait`` is for how many seconds the job was ready before it started.
        """
        if job_type is None:
            self._late.observe((), outcome.run_seconds)
            return
        if job_type not in self._job_types:
            job_type = UNKNOWN
        self._runs.observe((job_type, outcome.kind), outcome.run_seconds)
        self._waits.observe((job_type,), wait)

    def snapshot(self) -> Snapshot:
        """What was counted so far."""
        counted = nothing()
        for (job_type, outcome), spread in self._runs.spreads().items():
            kind = (self._lane, job_type)
            cases = float(sum(spread.buckets))
            counted.counters[metrics.ATTEMPTS.name, (*kind, str(outcome))] = cases
            runs = nothing()
            runs.spreads[metrics.RUNS.name, kind] = spread
            counted.add(runs)
        for (job_type,), spread in self._waits.spreads().items():
            counted.spreads[metrics.WAITS.name, (self._lane, job_type)] = spread
        for spread in self._late.spreads().values():
            counted.counters[metrics.LATE.name, (self._lane,)] = float(sum(spread.buckets))
        return counted
