"""Counts of many processes: added up, and never less than they were, whoever is killed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from backend.telemetry.metrics.count_folder import CountFile, CountFolder
from backend.telemetry.metrics.count_keeper import FOLDER_VARIABLE, CountKeeper, keep_counts
from backend.telemetry.metrics.counts import Snapshot, Spread, nothing
from backend.telemetry.metrics.process_collectors import FolderCollector

_KEY = ("tally_job_attempts_total", ("default", "greet", "finished"))
_SPREAD = ("tally_job_run_seconds", ("default", "greet"))
_CHILD = """
import sys, time
from pathlib import Path
from backend.telemetry.metrics.count_folder import CountFile
from tests.unit.telemetry.test_count_folder import counted
file = CountFile(Path(sys.argv[1]))
file.write(counted(7))
print("ready", flush=True)
time.sleep(60)
"""


def counted(number: float) -> Snapshot:
    """A snapshot of so many attempts."""
    return Snapshot({_KEY: number}, {_SPREAD: Spread([1] * 20, number)})


def test_living_processes_are_added_up(tmp_path: Path) -> None:
    files = [CountFile(tmp_path), CountFile(tmp_path)]
    for file in files:
        file.write(counted(3))

    total = CountFolder(tmp_path).read()

    assert total.counters[_KEY] == 6
    assert total.spreads[_SPREAD] == Spread([2] * 20, 6)


def test_what_an_ended_process_counted_stays(tmp_path: Path) -> None:
    file, folder = CountFile(tmp_path), CountFolder(tmp_path)
    file.write(counted(3))
    assert folder.read().counters[_KEY] == 3

    file.close()

    assert [folder.read().counters[_KEY] for _ in range(3)] == [3, 3, 3]
    assert [path.name for path in tmp_path.glob("*.counted")] == []


def test_a_killed_process_is_noticed_by_its_lock(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert child.stdout is not None
    child.stdout.readline()
    folder = CountFolder(tmp_path)
    alive = folder.read().counters[_KEY], len(list(tmp_path.glob("*.alive")))

    child.send_signal(signal.SIGKILL)
    child.wait(10)
    child.stdout.close()
    after = folder.read().counters[_KEY], len(list(tmp_path.glob("*.alive")))

    assert (alive, after) == ((7, 1), (7, 0))


def test_a_process_that_has_not_written_yet_counts_nothing(tmp_path: Path) -> None:
    file = CountFile(tmp_path)

    assert CountFolder(tmp_path).read() == nothing()
    file.close()


@contextmanager
def _full_disk() -> Iterator[None]:
    """As far as this process can tell: no file may become longer than a few bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_on_a_full_disk_nothing_piles_up_and_what_was_counted_stays(tmp_path: Path) -> None:
    file, folder = CountFile(tmp_path), CountFolder(tmp_path)
    file.write(counted(3))

    with _full_disk():
        for _ in range(3):
            with pytest.raises(OSError, match="File too large"):
                file.write(counted(4))
        left = {path.suffix for path in tmp_path.iterdir()}
        living = folder.read().counters[_KEY]
        file.close()
        ended = [folder.read().counters[_KEY] for _ in range(2)]

    assert (left, living, ended) == ({".counted", ".alive"}, 3, [3, 3])
    assert [folder.read().counters[_KEY] for _ in range(2)] == [3, 3]
    assert {path.name for path in tmp_path.iterdir()} == {"ended.sum", "folder.lock"}


def test_a_folder_that_was_cleared_away_takes_no_other_metric_along(tmp_path: Path) -> None:
    with capture_logs() as told:
        families = list(FolderCollector(CountFolder(tmp_path / "gone")).collect())

    assert families == []
    assert [line["event"] for line in told] == ["metrics.not_added_up"]


def test_a_full_disk_is_told_once(tmp_path: Path) -> None:
    written = counted(2)
    keeper = CountKeeper(tmp_path, lambda: written, interval=600)

    with capture_logs() as told:
        with _full_disk():
            keeper._write()
            keeper._write()
        keeper._write()
        with _full_disk():
            keeper._write()
        keeper.close()

    assert [line["event"] for line in told] == ["metrics.not_written"] * 2


def test_what_lives_is_not_taken_for_what_nobody_has_touched_for_days(tmp_path: Path) -> None:
    ended, file, folder = CountFile(tmp_path), CountFile(tmp_path), CountFolder(tmp_path)
    ended.write(counted(1))
    ended.close()
    folder.read()
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))

    file.write(counted(2))
    by_who_counts = {path.suffix for path in tmp_path.iterdir() if path.stat().st_mtime}
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    folder.read()
    by_who_reads = {path.suffix for path in tmp_path.iterdir() if path.stat().st_mtime}
    file.close()

    assert by_who_counts == {".alive", ".counted"}
    assert by_who_reads == {".alive", ".sum", ".lock"}


def test_a_keeper_writes_when_it_is_closed(tmp_path: Path) -> None:
    keeper = CountKeeper(tmp_path, lambda: counted(2), interval=600)

    keeper.close()

    assert CountFolder(tmp_path).read().counters[_KEY] == 2


def test_nobody_keeps_what_nobody_collects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)

    assert keep_counts(nothing) is None


def test_a_full_disk_ends_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    keeper = CountKeeper(folder, lambda: counted(2), interval=600)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()

    keeper.close()
