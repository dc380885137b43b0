"""The ledger, reconciled and repaired again and again beside a drill: it may find nothing wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import sleep

from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import ledger_service
from backend.domain.errors import IllegalMove, Unavailable
from backend.domain.ledger.ledger import Fault, LedgerReport
from backend.drills.background import repeated
from backend.drills.waiting import wait_until

#: Seconds between two, so that what is compared is not the comparing itself.
_PAUSE_SECONDS = 0.2
#: Seconds that one may take on a busy machine.
_SOON = 60.0


class Reconciling:
    """Counts how often both stores were compared, and keeps each fault that was named."""

    def __init__(self, platform: Platform) -> None:
        self._ledger = ledger_service(platform)
        self.named: list[Fault] = []
        self.done = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Reconciles until the block ends, and has done so once at least: others may have been faster."""
        with repeated(self._reconcile, pause_seconds=_PAUSE_SECONDS):
            yield
            wait_until(lambda: self.done > 0, _SOON)

    def _reconcile(self) -> None:
        # The store is what the drill hurts now, or the deployment reconciles by itself after a fail-over.
        with suppress(Unavailable, IllegalMove):
            self._ledger.reconcile(repair=True, tell=self.named.append)
            self.done += 1


def last_reconciliation(platform: Platform) -> LedgerReport:
    """What is wrong at the end; waits for one of the deployment's own, of which there may be only one."""
    while True:
        try:
            return ledger_service(platform).reconcile()
        except IllegalMove:
            sleep(_PAUSE_SECONDS)
