"""What a web process counts about the requests it answers."""

from __future__ import annotations

from backend.telemetry.metrics import metric_catalogue as metrics
from backend.telemetry.metrics.counts import Snapshot, Timings, nothing

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class HttpCounts:
    """Counts requests by method, route and status. Safe for several threads."""

    def __init__(self) -> None:
        self._times = Timings()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered; ``route`` is its pattern (``/api/jobs/<id>``), empty for none."""
        known = method if method in _METHODS else "other"
        self._times.observe((known, route or "none", str(status)), seconds)

    def snapshot(self) -> Snapshot:
        """What was counted so far."""
        counted = nothing()
        for (method, route, status), spread in self._times.spreads().items():
            one = nothing()
            one.counters[metrics.REQUESTS.name, (method, route, status)] = sum(spread.buckets)
            one.spreads[metrics.REQUEST_TIMES.name, (method, route)] = spread
            counted.add(one)
        return counted
