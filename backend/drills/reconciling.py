"""The ledger, reconciled and repaired again and again beside a drill: it may find nothing wrong."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from backend.bootstrap import Platform
from backend.bootstrap.record_parts import ledger_service
from backend.domain.errors import Unavailable
from backend.domain.ledger.ledger import Fault

#: Seconds between two, so that what is compared is not the comparing itself.
_PAUSE_SECONDS = 0.2


class Reconciling:
    """Goes on until its block ends. What it names is in `named`."""

    def __init__(self, platform: Platform) -> None:
        self._ledger = ledger_service(platform)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciling", daemon=True)
        self.named: list[Fault] = []
        self.done = 0

    def _run(self) -> None:
        while not self._over.wait(_PAUSE_SECONDS):
            try:
                self._ledger.reconcile(repair=True, tell=self.named.append)
            except Unavailable:
                # The store is what the drill hurts now.
                continue
            self.done += 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
