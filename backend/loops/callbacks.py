"""Tells callers how their jobs ended: each final state on record becomes one webhook job.

The state is noted in the transaction that records it, the webhook job goes into the outbox in the
transaction that takes the note, and the relay brings it to Redis once. So a callback is neither lost
nor doubled by any crash; it comes when the end is on record, not before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from backend.domain.events.callback_ports import CallbackStore, Decision, EndedJob
from backend.domain.events.outbox_ports import NotifyListener
from backend.domain.ports import Clock
from backend.loops.loop import Loop

_IDLE = 1.0
_BATCH = 100
_CLEAN_EVERY, _CLEAN_MOST = 600.0, 5000
_KEEP = 30 * 86_400.0


class Callbacks(Loop):
    """Any number may run; each note is taken by one."""

    name = "callbacks"

    def __init__(
        self,
        store: CallbackStore,
        decide: Callable[[EndedJob], Decision],
        notify_listener: NotifyListener,
        clock: Clock,
    ) -> None:
        self._store = store
        self._decide = decide
        self._notify_listener = notify_listener
        self._clock = clock
        self._clean_at = 0.0
        self.decided = 0

    def run_once(self) -> float:
        """Decides on one batch; the wait is none while there is more."""
        decided = self._store.decide(_BATCH, self._decide)
        self._clean()
        self.decided += decided
        return 0.0 if decided == _BATCH else _IDLE

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Sleeps until a job with a callback ends."""
        if seconds > 0 and not stop.is_set():
            self._notify_listener.wait(min(seconds, _IDLE))

    def run(self, stop: threading.Event) -> None:
        """Tells until ``stop`` is set."""
        try:
            super().run(stop)
        finally:
            self._notify_listener.close()

    def _clean(self) -> None:
        now = self._clock.monotonic()
        if now >= self._clean_at:
            self._clean_at = now + _CLEAN_EVERY
            self._store.clean(_KEEP, _CLEAN_MOST)
