"""Where a process that is no web server shows its metrics, and for how long."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from backend import __version__
from backend.telemetry.metrics.count_folder import CountFolder
from backend.telemetry.metrics.count_keeper import FOLDER_VARIABLE
from backend.telemetry.metrics.count_places import new_count_folder
from backend.telemetry.metrics.metrics_server import NotReady, serve
from backend.telemetry.metrics.metrics_targets import announced

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from backend.telemetry.metrics.metrics_page import MetricsPage


class MetricsPlace(NamedTuple):
    """An address; port 0: nothing is shown."""

    host: str
    port: int
    #: What a reader must send; empty: nothing.
    token: str = ""
    #: Where the address is noted for Prometheus.
    targets_folder: str | None = None


@contextmanager
def served(
    collectors: Callable[[], Sequence[Collector]],
    process: str,
    place: MetricsPlace,
    not_ready: NotReady,
) -> Iterator[None]:
    """Serves a page for as long as the block lasts; ``collectors`` makes them for who first asks."""

    def make_page() -> MetricsPage:
        from backend.telemetry.metrics.metrics_page import MetricsPage
        from backend.telemetry.metrics.process_collectors import BuildCollector

        return MetricsPage([*collectors(), BuildCollector(__version__, process)], place.token)

    server = (
        serve(make_page, host=place.host, port=place.port, not_ready=not_ready)
        if place.port
        else None
    )
    if server is None:
        yield
        return
    folder = Path(place.targets_folder) if place.targets_folder else None
    try:
        with announced(folder, process, place.host, server.port):
            yield
    finally:
        server.close()


@contextmanager
def count_folder() -> Iterator[CountFolder]:
    """A folder for the counts of the processes that are started inside the block."""
    with new_count_folder() as path:
        os.environ[FOLDER_VARIABLE] = str(path)
        try:
            yield CountFolder(path)
        finally:
            os.environ.pop(FOLDER_VARIABLE, None)
