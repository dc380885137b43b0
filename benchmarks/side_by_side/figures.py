"""What was measured: every value by row and entrant, and what it comes to."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import Any, NamedTuple, Self

from benchmarks.side_by_side.rows import ROWS


class Figure(NamedTuple):
    """The median of some rounds and the least and most of them."""

    median: float
    low: float
    high: float
    rounds: int


class Measured:
    """Values as they come."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    @classmethod
    def from_json(cls, rows: dict[str, dict[str, list[float]]]) -> Self:
        """What `as_json` gave."""
        measured = cls()
        for row, by in rows.items():
            for entrant, values in by.items():
                measured.values[row][entrant] = values
        return measured

    def add(self, entrant: str, figures: dict[str, float]) -> None:
        """One round of one measure; what is no row is not kept."""
        for row, value in figures.items():
            if row in ROWS:
                self.values[row][entrant].append(value)

    def figure(self, row: str, entrant: str) -> Figure | None:
        """None where it was not measured."""
        return figure_of(self.values.get(row, {}).get(entrant, []))

    def as_json(self) -> dict[str, Any]:
        """Row: entrant: every value."""
        return {
            row: {entrant: [_short(value) for value in values] for entrant, values in by.items()}
            for row, by in self.values.items()
        }


def figure_of(values: list[float]) -> Figure | None:
    """None of nothing."""
    if not values:
        return None
    return Figure(statistics.median(values), min(values), max(values), len(values))


def paired_ratio(row: str, ours: list[float], theirs: list[float]) -> float | None:
    """Median of how many times better ``ours`` is, round by round: what slowed one slowed the other."""
    pairs = list(zip(ours, theirs, strict=False))
    if not pairs:
        return None
    return statistics.median(ROWS[row].better(one, other) for one, other in pairs)


def _short(value: float) -> float:
    return float(f"{value:.5g}")
