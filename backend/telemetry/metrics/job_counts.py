"""What a worker process counts about its jobs: called for all outcomes, so it must cost next to nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.telemetry.metrics import metric_catalogue as metrics
from backend.telemetry.metrics.counts import Snapshot, Timings, nothing

#: What stands for a job type that this process does not know: anybody may write one into Redis.
UNKNOWN = "unknown"

#: The job's type (None: its lease was lost before), how it ended, and for how many seconds it was ready
#: before it started.
Ended = tuple[str | None, Outcome, float]


class JobCounts:
    """Counts outcomes by job type. Safe for several threads."""

    def __init__(
        self, lane: str, job_types: Collection[str], at_home: Collection[str] = ()
    ) -> None:
        """``at_home``: those whose own lane this is; that none of them failed is told from the start."""
        self._lane = lane
        self._job_types = frozenset(job_types)
        self._at_home = (*at_home, UNKNOWN) if at_home else ()
        self._runs = Timings()
        self._waits = Timings()
        self._late = Timings()
        self._blocks = Timings()

    def count(self, ended: Sequence[Ended]) -> None:
        """Counts attempts that ended, those of one round trip at once."""
        known, runs, waits = self._job_types, [], []
        for job_type, outcome, wait in ended:
            if job_type is None:
                self._late.observe((), outcome.run_seconds)
                continue
            kind = job_type if job_type in known else UNKNOWN
            runs.append(((kind, outcome.kind), outcome.run_seconds))
            waits.append(((kind,), wait))
        self._runs.observe_all(runs)
        self._waits.observe_all(waits)

    def count_block(self, job_type: str | None, seconds: float) -> None:
        """Counts one time that the event loop stood still, by whose fault; None: nobody's that is known."""
        kind = job_type if job_type in self._job_types else UNKNOWN
        self._blocks.observe((self._lane, kind), seconds)

    def snapshot(self) -> Snapshot:
        """What was counted so far."""
        counted = self._from_the_start()
        for (job_type, outcome), spread in self._runs.spreads().items():
            kind = (self._lane, job_type)
            cases = float(sum(spread.buckets))
            counted.counters[metrics.ATTEMPTS.name, (*kind, str(outcome))] = cases
            runs = nothing()
            runs.spreads[metrics.RUNS.name, kind] = spread
            counted.add(runs)
        for (job_type,), spread in self._waits.spreads().items():
            counted.spreads[metrics.WAITS.name, (self._lane, job_type)] = spread
        for labels, spread in self._blocks.spreads().items():
            counted.spreads[metrics.LOOP_BLOCKS.name, labels] = spread
        for spread in self._late.spreads().values():
            counted.counters[metrics.LATE.name, (self._lane,)] = float(sum(spread.buckets))
        return counted

    def _from_the_start(self) -> Snapshot:
        """What alerts ring for, before it happened: a counter born with its first case never increased."""
        counted = nothing()
        counted.counters[metrics.LATE.name, (self._lane,)] = 0.0
        for kind in self._at_home:
            counted.counters[metrics.ATTEMPTS.name, (self._lane, kind, str(OutcomeKind.FAILED))] = (
                0.0
            )
        return counted
