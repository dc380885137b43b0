"""Looks whether a store serves, for a process that would only notice when somebody asks."""

from __future__ import annotations

from collections.abc import Callable

from backend.loops.loop import Loop

#: Seconds between looks while all is well.
_EVERY = 5.0


class StoreWatch(Loop):
    """``look`` raises while its store does not serve; telling that once is what every loop does."""

    def __init__(self, store: str, look: Callable[[], object]) -> None:
        self.name = store
        self._look = look

    def run_once(self) -> float:
        """One look."""
        self._look()
        return _EVERY
