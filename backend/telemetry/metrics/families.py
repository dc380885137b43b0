"""Our metrics as prometheus_client's families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)

from backend.telemetry.metrics.counts import Labels, Snapshot, Spread
from backend.telemetry.metrics.metric_catalogue import METRICS, SECONDS, Metric, MetricKind

_BY_NAME = {metric.name: metric for metric in METRICS}


def family(metric: Metric, values: Mapping[Labels, float]) -> Family:
    """A counter or gauge with its values by label values."""
    made = _CLASSES[metric.kind](metric.name, metric.meaning, labels=metric.labels)
    for labels, value in values.items():
        made.add_metric(labels, value)
    return made


def single(metric: Metric, value: float) -> Family:
    """A counter or gauge without labels."""
    return family(metric, {(): value})


_CLASSES: dict[MetricKind, type[CounterMetricFamily] | type[GaugeMetricFamily]] = {
    MetricKind.COUNTER: CounterMetricFamily,
    MetricKind.GAUGE: GaugeMetricFamily,
}


def families_of(snapshot: Snapshot) -> Iterable[Family]:
    """Everything that processes counted."""
    counters: dict[str, dict[Labels, float]] = {}
    for (name, labels), value in snapshot.counters.items():
        counters.setdefault(name, {})[labels] = value
    spreads: dict[str, dict[Labels, Spread]] = {}
    for (name, labels), spread in snapshot.spreads.items():
        spreads.setdefault(name, {})[labels] = spread
    for name, values in sorted(counters.items()):
        yield family(_BY_NAME[name], values)
    for name, rows in sorted(spreads.items()):
        yield _histogram(_BY_NAME[name], rows)


def _histogram(metric: Metric, rows: Mapping[Labels, Spread]) -> Family:
    made = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for labels, spread in rows.items():
        below, buckets = 0, []
        for edge, cases in zip((*SECONDS, None), spread.buckets, strict=True):
            below += cases
            buckets.append(("+Inf" if edge is None else f"{edge:g}", float(below)))
        made.add_metric(labels, buckets, spread.total)
    return made
