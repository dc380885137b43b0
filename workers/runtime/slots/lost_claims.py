"""Jobs that Redis says we hold, but that never reached us: the answer to a claim was lost on the way.

Their leases would end by themselves, but a worker that lives can give them back much sooner.
"""

from __future__ import annotations

import structlog

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.ports import LeaseBook, Rescued
from workers.runtime.slots.slot_pool import SlotPool

log = structlog.get_logger("tally.worker")


class LostClaims:
    """Looks twice, because a claim's answer may be on its way at the first look."""

    def __init__(self, slot_pool: SlotPool, book: LeaseBook) -> None:
        self._slot_pool = slot_pool
        self._book = book
        self._seen: set[tuple[str, str]] = set()

    def give_back(self) -> bool:
        """One look; whether another is needed."""
        leases = {
            (lease.job_id, lease.fence): lease
            for lease in self._book.of_worker(self._slot_pool.worker)
        }
        unknown = leases.keys() - {(job.id, job.fence) for job in self._slot_pool.held()}
        lost = unknown & self._seen
        if lost:
            begun, released, returned = self._noted(), OutcomeKind.RELEASED, OutcomeKind.RETURNED
            rescued = [
                Rescued(leases[key], Outcome(released if key in begun else returned))
                for key in lost
            ]
            self._book.rescue(rescued, only_expired=False)
            log.warning("claim.lost", worker=self._slot_pool.worker, jobs=len(lost))
        self._seen = unknown - lost
        return bool(self._seen)

    def _noted(self) -> set[tuple[str, str]]:
        """Whoever says that nobody holds them: what is noted as begun is not told as if it had not."""
        table = self._slot_pool.running_table
        return {(entry.job_id, entry.fence) for entry in (*table.running(), *table.ended())}
