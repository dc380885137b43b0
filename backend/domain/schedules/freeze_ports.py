"""Where freezes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Protocol

from backend.domain.schedules.freeze import Freeze, FrozenWindow, KeptFreeze, Window


class PlanCode(IntEnum):
    """What became of windows that the calendar wrote."""

    NEWER_LEADER = -1
    #: Somebody said something else of the freeze meanwhile.
    ANOTHER_WORD = 0
    WRITTEN = 1


class Freezes(Protocol):
    """Freezes in one Redis, and their windows. Every method raises QueueUnavailable."""

    def is_planned(self) -> bool:
        """Whether nothing was said, of a freeze or else, since a plan was begun in this Redis."""

    def begin_plan(self) -> None:
        """Notes what was said so far. Before the words are read: what is said meanwhile is planned next."""

    def all(self) -> list[KeptFreeze]:
        """Every freeze that was said and not lifted, by name."""

    def windows(self) -> list[FrozenWindow]:
        """The windows that workers know, by their beginning; also those whose ramp is not over."""

    def set(self, freeze: Freeze, windows: Sequence[Window], *, by: str, reason: str) -> None:
        """Says a freeze, instead of one of the same name, with its windows that are not over."""

    def lift(self, name: str, *, by: str, reason: str) -> bool:
        """Ends it, with its ramp; False if there is none of that name."""

    def plan(self, kept: KeptFreeze, windows: Sequence[Window], fence: int) -> PlanCode:
        """Writes the windows of the next time, unless another word or a newer leader has been there."""

    def aside(self, whats: Sequence[str]) -> list[int]:
        """How many jobs wait aside for each type or tenant to thaw."""
