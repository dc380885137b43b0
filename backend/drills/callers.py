"""Whoever enqueues the jobs of a drill: they go on all the time, whatever is hurt meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from backend.drills.background import repeated
from backend.drills.scene import Scene

_PAUSE_SECONDS = 0.05


class Callers:
    """Spreads ``jobs`` over ``blows``, so that each falls among jobs; at the end all are accepted."""

    def __init__(self, scene: Scene, *, jobs: int, blows: int, first_guess_seconds: float) -> None:
        self._scene = scene
        self._jobs = jobs
        self._blows = blows
        self._accepted = 0
        #: How long a blow takes, as far as is known.
        self._blow_seconds = first_guess_seconds
        self._number = 0
        self._began = self._blow_began = time.monotonic()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """They enqueue until the block ends, and then whatever is missing."""
        with repeated(lambda: self._accept(self._due()), pause_seconds=_PAUSE_SECONDS):
            yield
        self._accept(self._jobs)

    def next_blow(self) -> None:
        """A blow begins."""
        self._blow_began = time.monotonic()
        if self._number:
            self._blow_seconds = (self._blow_began - self._began) / self._number
        self._number += 1

    def _due(self) -> int:
        """How many jobs should have been accepted by now."""
        part = min(1.0, (time.monotonic() - self._blow_began) / self._blow_seconds)
        return int(self._jobs * (self._number + part) / (self._blows + 1))

    def _accept(self, goal: int) -> None:
        missing = min(goal, self._jobs) - self._accepted
        if missing > 0:
            self._scene.accept(missing)
            self._accepted += missing
