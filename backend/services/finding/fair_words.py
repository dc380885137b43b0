"""What to tell of a job that waits for its turn in a fair queue."""

from __future__ import annotations

from typing import Any

from backend.domain.jobs.options.fairness import Fairness, FairPlace


def fair_words(place: FairPlace, fairness: Fairness | None) -> str:
    """A sentence for people."""
    whose = (
        f"of {fairness.by if fairness else 'key'} {place.key!r}" if place.key else "without a key"
    )
    lines = f"{place.lines_before} of {place.lines} lines have a turn before its line has the next"
    return f"it is number {place.before + 1} in the line of jobs {whose}; {lines}"


def fair_details(queue: str, place: FairPlace, fairness: Fairness | None) -> dict[str, Any]:
    """The same for programs."""
    return {
        "queue": queue,
        "by": fairness.by if fairness else None,
        "key": place.key,
        "before": place.before,
        "lines_before": place.lines_before,
        "lines": place.lines,
        "weight": fairness.weights.get(place.key, 1) if fairness else 1,
    }
