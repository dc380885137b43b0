"""The ticks of an interval: a grid anchored on its start, whatever happened since."""

from __future__ import annotations

from datetime import datetime, timedelta


def next_on_grid(start: datetime, interval: float, after: datetime) -> datetime:
    """The first instant later than ``after`` that lies whole ``interval`` seconds from ``start``.

    ``start`` itself is the first tick. Counting is exact: the thousandth tick drifts by nothing.
    """
    step = timedelta(seconds=interval)
    if after < start:
        return start
    return start + ((after - start) // step + 1) * step
