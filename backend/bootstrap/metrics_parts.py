"""What the loops of a process show at /metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from backend.api.config.telemetry_settings import MetricsSettings
from backend.api.config.worker_settings import section
from backend.bootstrap.platform import Platform
from backend.loops.loop import Loop
from backend.telemetry.metrics.metrics_place import MetricsPlace, served
from backend.telemetry.metrics.metrics_server import NotReady
from backend.telemetry.metrics.process_collectors import LinesLostCollector, LoopCollector


@contextmanager
def recorder_metrics(parts: Platform, loops: Sequence[Loop]) -> Iterator[None]:
    """Serves what these loops count."""
    collectors = [loop_collector(loops), LinesLostCollector()]
    place = metrics_place(parts, metrics_settings(parts).recorder_port)
    with served(lambda: collectors, "recorder", place, not_ready_loops(loops)):
        yield


def loop_collector(loops: Sequence[Loop]) -> LoopCollector:
    """What the loops of this process count, and how it goes with their stores."""
    return LoopCollector([*loops, Loop.outages])


def not_ready_loops(loops: Sequence[Loop]) -> NotReady:
    """Why the loops of this process cannot do their work."""

    def reasons() -> list[str]:
        waiting = Loop.outages.reasons()
        idle = [loop.name for loop in loops if not loop.has_stepped]
        return waiting or [f"{name}: has not done its first step yet" for name in idle]

    return reasons


def metrics_place(parts: Platform, port: int) -> MetricsPlace:
    """Where a process shows them, at the port of its kind."""
    settings = metrics_settings(parts)
    folder = str(settings.targets_folder) if settings.targets_folder else None
    return MetricsPlace(settings.host, port, settings.token.get_secret_value(), folder)


def metrics_settings(parts: Platform) -> MetricsSettings:
    """Where to serve."""
    return section(parts.settings, "metrics", MetricsSettings)
