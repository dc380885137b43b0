"""Writes what a process counts, and the lines it lost, to its file once a second and when it ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from backend.telemetry.logs.logger import Logger
from backend.telemetry.logs.lossy_streams import lines_lost
from backend.telemetry.metrics.count_folder import CountFile
from backend.telemetry.metrics.counts import Snapshot

log = Logger("tally.metrics")

#: Names the folder for the processes that a supervisor or web server starts.
FOLDER_VARIABLE = "TALLY_METRICS_DIR"
_INTERVAL = 1.0


class CountKeeper:
    """Keeps the file of this process up to date from a thread of its own."""

    def __init__(
        self, folder: Path, snapshot: Callable[[], Snapshot], *, interval: float = _INTERVAL
    ) -> None:
        self._file = CountFile(folder)
        self._snapshot = snapshot
        self._interval = interval
        self._is_told = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="counts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Writes a last time and lets go."""
        self._over.set()
        self._thread.join()
        self._write()
        self._file.close()

    def _run(self) -> None:
        while not self._over.wait(self._interval):
            self._write()

    def _write(self) -> None:
        try:
            counted = self._snapshot()
            counted.add(lines_lost())
            self._file.write(counted)
        except Exception as error:  # noqa: BLE001 - a full disk, or a mistake of ours: it counts on
            if not self._is_told:
                log.warning("metrics.not_written", error=str(error))
            self._is_told = True
        else:
            self._is_told = False


def keep_counts(snapshot: Callable[[], Snapshot]) -> CountKeeper | None:
    """Keeps the counts where ``TALLY_METRICS_DIR`` says; None when nobody collects them."""
    folder = os.environ.get(FOLDER_VARIABLE, "")
    return CountKeeper(Path(folder), snapshot) if folder and Path(folder).is_dir() else None
