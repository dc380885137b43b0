"""The rescuer of a host: one of its worker processes at a time, and the next if that one fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol

from backend.domain.ports import Clock
from backend.loops.loop import Loop
from backend.loops.rescuer import Rescuer


class Roster(Protocol):
    """Which process of the host is on duty, and what it found."""

    def take(self, process: int, now: float) -> bool:
        """Whether it is the turn of this process."""

    def say(self, trouble: str, now: float) -> None:
        """What Redis told the process on duty; empty: it serves."""


class HostRescuer(Loop):
    """Tells those who watch the host, too, whether Redis lets jobs start and end now."""

    name = "rescuer"

    def __init__(
        self, rescuer: Rescuer, roster: Roster, clock: Clock, check: Callable[[], None]
    ) -> None:
        """``check`` raises unless Redis would let one start."""
        self._rescuer = rescuer
        self._roster = roster
        self._clock = clock
        self._check = check

    def run_once(self) -> float:
        """Looks if it is the turn of this process."""
        if not self._roster.take(os.getpid(), self._clock.monotonic()):
            return self._rescuer.interval
        try:
            self._check()
            pause = self._rescuer.run_once()
        except Exception as error:
            self._roster.say(str(error), self._clock.monotonic())
            raise
        self._roster.say("", self._clock.monotonic())
        return pause
