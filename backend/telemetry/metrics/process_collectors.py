"""What a process itself has counted: its loops, its dead worker processes, its version."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from backend.telemetry.logs.logger import Logger
from backend.telemetry.logs.lossy_streams import lines_lost
from backend.telemetry.metrics import metric_catalogue as metrics
from backend.telemetry.metrics.count_folder import CountFolder
from backend.telemetry.metrics.families import families_of, family, single

log = Logger("tally.metrics")


class FolderCollector(Collector):
    """What the processes of one folder counted."""

    def __init__(self, folder: CountFolder) -> None:
        self._folder = folder

    def describe(self) -> list[Family]:
        """Nothing: it is not known before it is counted."""
        return []

    def collect(self) -> Iterator[Family]:
        """The sums; nothing while they cannot be read, so that the rest of the page is shown."""
        try:
            counted = self._folder.read()
        except OSError as error:
            log.warning("metrics.not_added_up", error=str(error))
            return
        yield from families_of(counted)


class LoopCollector(Collector):
    """What the loops of this process counted in their public attributes."""

    def __init__(self, loops: Sequence[object]) -> None:
        self._loops = loops

    def collect(self) -> Iterator[Family]:
        """One family an attribute that some loop has."""
        for attribute, metric in metrics.LOOP_METRICS.items():
            values = [getattr(loop, attribute) for loop in self._loops if hasattr(loop, attribute)]
            if values:
                yield single(metric, float(sum(values)))


class DeathCollector(Collector):
    """Worker processes that ended, as their supervisor counted them by lane and cause."""

    def __init__(self, deaths: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        self._deaths = deaths

    def collect(self) -> Iterator[Family]:
        """One family."""
        yield family(metrics.DEATHS, {labels: float(n) for labels, n in self._deaths().items()})


class LinesLostCollector(Collector):
    """Lines that this process could not write; for processes that hand their counts to no other."""

    def collect(self) -> Iterator[Family]:
        """One family."""
        yield from families_of(lines_lost())


class BuildCollector(Collector):
    """What runs here."""

    def __init__(self, version: str, process: str) -> None:
        self._labels = (version, process)

    def collect(self) -> Iterator[Family]:
        """One family."""
        yield family(metrics.BUILD, {self._labels: 1.0})
