"""What each process shows at /metrics. Worker processes only count; their supervisor shows it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from prometheus_client.registry import Collector

from backend import __version__
from backend.api.config.telemetry_settings import MetricsSettings
from backend.api.config.worker_settings import section
from backend.bootstrap.platform import Platform
from backend.domain.errors import TallyError
from backend.loops.loop import Loop
from backend.telemetry.metrics.count_folder import CountFolder
from backend.telemetry.metrics.count_keeper import FOLDER_VARIABLE, keep_counts
from backend.telemetry.metrics.count_places import new_count_folder
from backend.telemetry.metrics.counts import nothing
from backend.telemetry.metrics.metrics_page import MetricsPage
from backend.telemetry.metrics.metrics_server import NotReady, serve
from backend.telemetry.metrics.metrics_targets import announced
from backend.telemetry.metrics.process_collectors import (
    BuildCollector,
    DeathCollector,
    FolderCollector,
    LinesLostCollector,
    LoopCollector,
)

Deaths = Callable[[], Mapping[tuple[str, str], int]]


@contextmanager
def worker_metrics(
    parts: Platform, deaths: Deaths | None = None, not_ready: NotReady = tuple
) -> Iterator[None]:
    """Serves what the worker processes of this supervisor count; start those inside the block."""

    def reasons() -> list[str]:
        return [*_refusal_of(parts.check_redis), *not_ready()]

    settings = metrics_settings(parts)
    with count_folder() as folder:
        collectors: list[Collector] = [FolderCollector(folder)]
        if deaths is not None:
            collectors.append(DeathCollector(deaths))
        own = keep_counts(nothing)
        with served(collectors, "worker", settings, settings.worker_port, reasons):
            yield
        if own is not None:
            own.close()


@contextmanager
def recorder_metrics(parts: Platform, loops: Sequence[Loop]) -> Iterator[None]:
    """Serves what these loops count."""
    settings = metrics_settings(parts)
    collectors = [loop_collector(loops), LinesLostCollector()]
    port, reasons = settings.recorder_port, not_ready_loops(loops)
    with served(collectors, "recorder", settings, port, reasons):
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


def _refusal_of(check: Callable[[], None]) -> list[str]:
    try:
        check()
    except TallyError as error:
        return [str(error)]
    return []


@contextmanager
def count_folder() -> Iterator[CountFolder]:
    """A folder for the counts of the processes that are started inside the block."""
    with new_count_folder() as path:
        os.environ[FOLDER_VARIABLE] = str(path)
        try:
            yield CountFolder(path)
        finally:
            os.environ.pop(FOLDER_VARIABLE, None)


@contextmanager
def served(
    collectors: Sequence[Collector],
    process: str,
    settings: MetricsSettings,
    port: int,
    not_ready: NotReady,
) -> Iterator[None]:
    """Serves a page for as long as the block lasts; no port, no server."""
    token = settings.token.get_secret_value()
    page = MetricsPage([*collectors, BuildCollector(__version__, process)], token)
    server = serve(page, host=settings.host, port=port, not_ready=not_ready) if port else None
    if server is None:
        yield
        return
    try:
        with announced(settings.targets_folder, process, settings.host, server.port):
            yield
    finally:
        server.close()


def metrics_settings(parts: Platform) -> MetricsSettings:
    """Where to serve."""
    return section(parts.settings, "metrics", MetricsSettings)
