"""Which blows of a drill missed: there was nobody to hurt, or nobody felt it."""

from __future__ import annotations

from collections.abc import Callable

from backend.drills.waiting import wait_until

#: Seconds until a blow falls and is felt: longer than a supervisor waits before it starts another process
#: in the place of one that ended soon, and than a busy machine takes to start it.
_PATIENCE = 120.0


class Missed:
    """Says so in words: a drill that hurt nobody has proved nothing."""

    def __init__(self, patience_seconds: float = _PATIENCE) -> None:
        self._patience_seconds = patience_seconds
        #: What is done now.
        self.blow = ""
        self.told: list[str] = []

    def unless(self, condition: Callable[[], bool], otherwise: str) -> None:
        """Waits until this holds, which is what the blow is about; it missed when that never does."""
        if not wait_until(condition, self._patience_seconds):
            self.note(otherwise)

    def note(self, words: str) -> None:
        """It missed."""
        self.told.append(f"{self.blow}: {words}" if self.blow else words)
