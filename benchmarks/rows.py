"""How figures are shown: a title, what was measured, what is promised."""

from __future__ import annotations

import statistics

Row = tuple[str, str, str]


def show(rows: Row | list[Row]) -> None:
    """Prints rows as soon as they are measured."""
    for title, figure, promise in rows if isinstance(rows, list) else [rows]:
        print(f"{title:<38} {figure:<44} {promise}", flush=True)


def percentiles(values: list[float], unit: str) -> str:
    """The median and the slow end of many values."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return f"p50 {cuts[49]:.2f}, p95 {cuts[94]:.2f}, p99 {cuts[98]:.2f} {unit}"
