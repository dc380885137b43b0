"""Whether each duty is led, read at the moment of a scrape from the stores that say who leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from backend.domain.errors import MigrationError, Unavailable
from backend.telemetry.logs.logger import Logger
from backend.telemetry.metrics import metric_catalogue as metrics
from backend.telemetry.metrics.counts import Labels
from backend.telemetry.metrics.families import family

log = Logger("tally.metrics")


class LeaderCollector(Collector):
    """Each source tells of its duties; one whose store is away tells nothing of them."""

    def __init__(self, sources: Mapping[str, Callable[[], Mapping[str, bool]]]) -> None:
        """By the number of the shard whose duties they are; none for those of the whole deployment."""
        self._sources = sources

    def describe(self) -> list[Family]:
        """Nothing: registering must ask no store."""
        return []

    def collect(self) -> Iterator[Family]:
        """Every duty of the stores that answer, as of now."""
        led: dict[Labels, float] = {}
        for shard, source in self._sources.items():
            try:
                led |= {(duty, shard): float(is_led) for duty, is_led in source().items()}
            except (Unavailable, MigrationError):
                # Its own gauge, `tally_redis_up` or `tally_postgres_up`, says why.
                continue
            except Exception:
                # The other stores, and the rest of the page, are to be shown.
                log.exception("metrics.not_read", shard=shard)
        if led:
            yield family(metrics.LEADER, led)
