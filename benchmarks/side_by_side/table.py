"""What a run prints: its settings first, then each row as it is measured, then the goals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.side_by_side.entrants import BEFORE, TALLY
from benchmarks.side_by_side.figures import Figure, Measured, paired_ratio
from benchmarks.side_by_side.rows import ROWS

_LEAST_OF_BEFORE = 0.97


def print_settings(facts: Mapping[str, Mapping[str, Any]]) -> None:
    """One line for each thing, ``name: key value, key value``."""
    for name, details in facts.items():
        words = ", ".join(f"{key} {value}" for key, value in details.items() if value is not None)
        print(f"{name}: {words}", flush=True)


def print_rows(measured: Measured, rows: Iterable[str]) -> None:
    """All entrants of some rows."""
    for row in rows:
        print(f"\n{ROWS[row].title}, {ROWS[row].unit}".rstrip(", "))
        for entrant, values in measured.values[row].items():
            figure = measured.figure(row, entrant)
            assert figure is not None
            ratio = _ratio_words(measured, row, entrant, values)
            print(f"  {entrant:<26} {words_of(figure):<44} {ratio}", flush=True)


def words_of(figure: Figure) -> str:
    """``22,529 (21,980 to 23,101, 5 rounds)``."""
    return f"{number(figure.median):>9} ({number(figure.low)} to {number(figure.high)}, n={figure.rounds})"


def number(value: float) -> str:
    """Three or four digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def best_other(measured: Measured, row: str) -> tuple[str, float] | None:
    """The best of those that are not Tally, by its median."""
    others = {
        entrant: figure.median
        for entrant in measured.values[row]
        if not entrant.startswith(TALLY) and entrant != BEFORE
        if (figure := measured.figure(row, entrant))
    }
    if not others:
        return None
    pick = max if ROWS[row].higher_is_better else min
    return pick(others.items(), key=lambda item: item[1])


def ratio_to_before(measured: Measured, row: str) -> float | None:
    """How many times as good as before, the median of rounds that followed each other."""
    by = measured.values[row]
    return paired_ratio(row, by.get(TALLY, []), by.get(BEFORE, []))


def print_goals(measured: Measured) -> None:
    """Tally's rows beside what they should come to, those that got worse named."""
    print("\nGoals, at default server settings")
    for row in measured.values:
        ours = measured.figure(row, TALLY)
        if ours is None:
            continue
        best = best_other(measured, row)
        holds = ROWS[row].holds(ours.median, best[1] if best else None)
        if holds is not None:
            print(
                f"  {ROWS[row].title:<46} {'holds' if holds else 'NOT HELD':<9} {goal_words(row, best)}"
            )
    for row in measured.values:
        ratio = ratio_to_before(measured, row)
        if ratio is not None and ratio < _LEAST_OF_BEFORE:
            print(f"  {ROWS[row].title:<46} {ratio:.2f} of before: BELOW {_LEAST_OF_BEFORE}")


def goal_words(row: str, best: tuple[str, float] | None) -> str:
    """``≥ 1.2 × Huey's 6,881``, or ``≤ 3 ms``."""
    of = ROWS[row]
    sign = "≥" if of.higher_is_better else "≤"
    if of.of_best and best is not None:
        return f"{sign} {of.goal:g} × {best[0]}'s {number(best[1])}"
    return f"{sign} {of.goal:g} {of.unit}".rstrip()


def _ratio_words(measured: Measured, row: str, entrant: str, values: list[float]) -> str:
    ours = measured.values[row].get(TALLY, [])
    if entrant == TALLY or not ours:
        return ""
    ratio = paired_ratio(row, ours, values)
    return "" if ratio is None else f"Tally is {ratio:.2f} × as good"
