"""Reconciles Redis with the record by the clock, and says what it found."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from backend.domain.errors import IllegalMove, MigrationError
from backend.domain.ledger import LedgerReport
from backend.loops.leader import Leader
from backend.loops.loop import Loop

log = structlog.get_logger("tally.reconciler")

#: Seconds between looks at whether it is time, and until a round that could not be is tried again.
_TICK, _AGAIN = 1.0, 60.0


class Reconciler(Loop):
    """One round each ``interval`` seconds while it leads. The last report is kept for metrics."""

    name = "reconciler"

    def __init__(
        self,
        reconcile: Callable[[], LedgerReport],
        leader: Leader,
        monotonic: Callable[[], float],
        *,
        interval: float = 3600.0,
        first_after: float = 60.0,
    ) -> None:
        """``first_after`` seconds pass before the first round: a start is no time for big work."""
        self._reconcile = reconcile
        self._leader = leader
        self._monotonic = monotonic
        self._interval = interval
        self._due_at = monotonic() + first_after
        self.last: LedgerReport | None = None
        self.rounds = 0

    def run_once(self) -> float:
        """Reconciles when it is time to."""
        if not self._leader.leads() or self._monotonic() < self._due_at:
            return _TICK
        self._due_at = self._monotonic() + _AGAIN
        try:
            report = self._reconcile()
        except (IllegalMove, MigrationError) as error:
            log.warning("reconciler.waiting", code=error.code, error=str(error))
            return _TICK
        self._due_at = self._monotonic() + self._interval
        self.last, self.rounds = report, self.rounds + 1
        for fault in report.faults:
            log.warning(
                "ledger.fault",
                kind=fault.kind.value,
                job_id=fault.job_id,
                queue=fault.queue,
                detail=fault.detail,
                repaired=fault.is_repaired,
            )
        return _TICK
