"""Axes: round numbers that hold what is to be drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence

_ROUND = (1, 2, 2.5, 5, 10)


def round_top(largest: float) -> float:
    """The least round number that is not below ``largest``."""
    if largest <= 0:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(largest))
    return next(step * decade for step in _ROUND if step * decade >= largest * 0.999_999)


def log_bounds(values: Sequence[float]) -> tuple[float, float]:
    """The decades that hold some durations."""
    known = [value for value in values if value > 0]
    low = 10.0 ** math.floor(math.log10(min(known, default=0.001)))
    high = 10.0 ** math.ceil(math.log10(max(known, default=1.0)) + 1e-9)
    return low, high if high > low else low * 10


def log_place(value: float, low: float, high: float) -> float:
    """Where a value is between two decades, from 0 to 1."""
    held = min(max(value, low), high)
    return math.log10(held / low) / math.log10(high / low)
