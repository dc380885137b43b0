"""Jobs that Redis says we hold, but that never reached us: the answer to a claim was lost on the way.

Their leases would end by themselves, but a worker that lives can give them back much sooner.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import structlog

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.ports import LeaseBook, Rescued
from workers.runtime.slots.slot_pool import LONGEST_WAIT_SECONDS, SlotPool

log = structlog.get_logger("tally.worker")

#: Seconds in which an answer comes or is given up: one to who waits for work a second after his wait.
_ANSWERED_SECONDS = LONGEST_WAIT_SECONDS + 2.0

_Key = tuple[str, str]


class LostClaims:
    """Looks again and again, because a claim's answer may be on its way: what was given to another by
    then would run twice.
    """

    def __init__(
        self,
        slot_pool: SlotPool,
        book: LeaseBook,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """``now`` gives seconds."""
        self._slot_pool = slot_pool
        self._book = book
        self._now = now
        self._looked_at = now()
        #: Since when we know of leases that are nobody's here.
        self._unknown_since: dict[_Key, float] = {}

    def give_back(self) -> bool:
        """One look; whether another is needed."""
        leases = {
            (lease.job_id, lease.fence): lease
            for lease in self._book.of_worker(self._slot_pool.worker)
        }
        now = self._now()
        lost = self._lost_among(leases.keys() - self._held(), now)
        if lost:
            begun, released, returned = self._noted(), OutcomeKind.RELEASED, OutcomeKind.RETURNED
            rescued = [
                Rescued(leases[key], Outcome(released if key in begun else returned))
                for key in lost
            ]
            self._book.rescue(rescued, only_expired=False)
            log.warning("claim.lost", worker=self._slot_pool.worker, jobs=len(lost))
        for key in lost:
            del self._unknown_since[key]
        return bool(self._unknown_since)

    def _held(self) -> set[_Key]:
        return {(job.id, job.fence) for job in self._slot_pool.held()}

    def _lost_among(self, unknown: Collection[_Key], now: float) -> list[_Key]:
        """Those of which no answer can come any more."""
        # After a long time without a look this process may have stood still, and answers lie unread.
        stood_still = now - self._looked_at > _ANSWERED_SECONDS
        since = {} if stood_still else self._unknown_since
        self._looked_at = now
        self._unknown_since = {key: since.get(key, now) for key in unknown}
        return [key for key, at in self._unknown_since.items() if now - at >= _ANSWERED_SECONDS]

    def _noted(self) -> set[_Key]:
        """Whoever says that nobody holds them: what is noted as begun is not told as if it had not."""
        table = self._slot_pool.running_table
        return {(entry.job_id, entry.fence) for entry in (*table.running(), *table.ended())}
