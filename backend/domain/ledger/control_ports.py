"""Where operators' words are kept: in Redis, which workers obey, and on record, which outlives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from backend.domain.ledger.control import Control


class LiveControls(Protocol):
    """The words in one Redis. Every method raises QueueUnavailable."""

    def version(self) -> int:
        """The highest version of all words; 0 when it has none."""

    def read(self) -> list[Control]:
        """Every word, and nothing is changed."""

    def settled(self) -> list[Control]:
        """Every word; what an earlier release paused, limited or lifted without one gets one first."""

    def adopt(self, words: Sequence[Control]) -> int:
        """Takes over those that are newer than what is there, and obeys them; how many."""


class ControlBook(Protocol):
    """The words on record. Every method raises HistoryUnavailable."""

    def version(self) -> int:
        """The highest version of all words; 0 when there is none."""

    def read(self) -> list[Control]:
        """Every word."""

    def keep(self, words: Sequence[Control]) -> None:
        """Writes those down that are newer than what is there."""
