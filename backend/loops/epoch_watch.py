"""Looks once a second whether it is still the same Redis. Any number may run."""

from __future__ import annotations

from typing import Protocol

from backend.loops.loop import Loop


class ServerLook(Protocol):
    """Which server answers."""

    def look(self) -> object:
        """Sees whether another took over, and does what that asks for."""


class EpochWatch(Loop):
    """Looks every ``interval`` seconds."""

    name = "epoch-watch"

    def __init__(self, epochs: ServerLook, *, interval: float = 1.0) -> None:
        self._epochs = epochs
        self._interval = interval

    def run_once(self) -> float:
        """One look."""
        self._epochs.look()
        return self._interval
