"""Gauges that need Postgres, read at the moment of a scrape. What it does not answer is not told.

Whether it is up says the ping alone: a gauge may take too long for a Postgres that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from backend.domain.errors import MigrationError, Unavailable
from backend.telemetry.metrics import metric_catalogue as metrics
from backend.telemetry.metrics.families import single
from backend.telemetry.metrics.metric_catalogue import Metric


class RecordCollector(Collector):
    """``ping`` raises while Postgres is away; ``gauges`` asks for the rest."""

    def __init__(
        self,
        ping: Callable[[], object],
        gauges: Callable[[], Mapping[Metric, float]] = dict,
    ) -> None:
        self._ping = ping
        self._gauges = gauges

    def describe(self) -> list[Family]:
        """Nothing: registering must not ask Postgres."""
        return []

    def collect(self) -> Iterator[Family]:
        """Everything, as of now."""
        try:
            with suppress(MigrationError):
                self._ping()
        except Unavailable:
            yield single(metrics.POSTGRES_UP, 0)
            return
        yield single(metrics.POSTGRES_UP, 1)
        for metric, value in self._values().items():
            yield single(metric, value)

    def _values(self) -> Mapping[Metric, float]:
        try:
            return self._gauges()
        except (MigrationError, Unavailable):
            return {}
