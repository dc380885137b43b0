"""What each process shows at /metrics. Worker processes only count; their supervisor shows it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.registry import Collector

from backend import __version__
from backend.api.config.telemetry_settings import MetricsSettings
from backend.api.config.worker_settings import section
from backend.bootstrap.platform import Platform
from backend.telemetry.count_folder import CountFolder
from backend.telemetry.count_keeper import FOLDER_VARIABLE
from backend.telemetry.metrics_page import MetricsPage
from backend.telemetry.metrics_server import serve
from backend.telemetry.process_collectors import (
    BuildCollector,
    DeathCollector,
    FolderCollector,
    LoopCollector,
)

Deaths = Callable[[], Mapping[tuple[str, str], int]]


@contextmanager
def worker_metrics(parts: Platform, deaths: Deaths | None = None) -> Iterator[None]:
    """Serves what the worker processes of this supervisor count; start those inside the block."""
    settings = metrics_settings(parts)
    with count_folder() as folder:
        collectors: list[Collector] = [FolderCollector(folder)]
        if deaths is not None:
            collectors.append(DeathCollector(deaths))
        with served(collectors, "worker", settings.host, settings.worker_port):
            yield


@contextmanager
def recorder_metrics(parts: Platform, loops: Sequence[object]) -> Iterator[None]:
    """Serves what these loops count."""
    settings = metrics_settings(parts)
    with served([LoopCollector(loops)], "recorder", settings.host, settings.recorder_port):
        yield


@contextmanager
def count_folder() -> Iterator[CountFolder]:
    """A folder for the counts of the processes that are started inside the block."""
    path = Path(tempfile.mkdtemp(prefix="tally-counts-"))
    os.environ[FOLDER_VARIABLE] = str(path)
    try:
        yield CountFolder(path)
    finally:
        os.environ.pop(FOLDER_VARIABLE, None)
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def served(collectors: Sequence[Collector], process: str, host: str, port: int) -> Iterator[None]:
    """Serves a page for as long as the block lasts; no port, no server."""
    page = MetricsPage([*collectors, BuildCollector(__version__, process)])
    server = serve(page, host=host, port=port) if port else None
    try:
        yield
    finally:
        if server is not None:
            server.close()


def metrics_settings(parts: Platform) -> MetricsSettings:
    """Where to serve."""
    return section(parts.settings, "metrics", MetricsSettings)
