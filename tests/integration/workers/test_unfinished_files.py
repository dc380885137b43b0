"""What killed jobs leave half written goes; what is being written stays, however long it is silent."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.api.config.worker_settings import BackupSettings
from tests.eventually import eventually
from tests.workers_at_work import AtWork, Settings, context
from workers import maintenance_worker
from workers.artifacts.artifact import ArtifactLabel
from workers.artifacts.open_store import open_store
from workers.exports.row_writer import Column
from workers.exports.xlsx_writer import XlsxWriter
from workers.maintenance.backups import BackupFolder, backup_name

#: A backup that says half of what it has to say, and then nothing for ever.
_HALF = """
import pathlib, sys, time
from workers.maintenance.backups import BackupFolder

def half(file):
    file.write(b"half")
    time.sleep(3600)

BackupFolder(pathlib.Path(sys.argv[1])).write(sys.argv[2], half)
"""


#: A workbook of which two rows are written, and then nothing for ever.
_HALF_A_WORKBOOK = """
import io, sys, time
from workers.exports.row_writer import Column
from workers.exports.xlsx_writer import XlsxWriter

writer = XlsxWriter(io.BytesIO(), [Column("name")])
writer.write([("Ada",), ("Bert",)])
print("written", flush=True)
time.sleep(3600)
"""


def _age(path: Path, hours: float) -> None:
    then = (datetime.now(UTC) - timedelta(hours=hours)).timestamp()
    os.utime(path, (then, then))


def _backup_begun(folder: Path, job_id: str) -> tuple[subprocess.Popen[bytes], Path]:
    """The process of a backup that has written half of its file, and that file."""
    name = backup_name(datetime(2026, 1, 1, tzinfo=UTC), job_id)
    process = subprocess.Popen([sys.executable, "-c", _HALF, str(folder), name])
    partial = folder / f".{name}.part"
    eventually(lambda: partial.exists() and partial.read_bytes() == b"half")
    return process, partial


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def _dumping(settings: Settings, folder: Path) -> Settings:
    """Settings with a pg_dump that has little to say."""
    program = folder / "pg_dump"
    program.write_text("#!/bin/sh\necho all\n")
    program.chmod(0o755)
    return settings.but(
        database_url="postgresql+psycopg2://tally@/tally",
        backup=BackupSettings(folder=settings.backup.folder, pg_dump=program),
    )


def _back_up(settings: Settings, job_id: str) -> None:
    with AtWork(maintenance_worker, settings) as worker:
        worker.run("backup", {}, context(job_id))


def test_the_next_attempt_takes_away_what_a_killed_one_left(
    settings: Settings, tmp_path: Path
) -> None:
    chosen = _dumping(settings, tmp_path)
    process, partial = _backup_begun(settings.backup.folder, "job-1")
    _kill(process)

    _back_up(chosen, "job-1")

    assert not partial.exists()
    assert len(BackupFolder(settings.backup.folder).names()) == 1


def test_a_backup_takes_away_what_others_left_long_ago(settings: Settings, tmp_path: Path) -> None:
    chosen = _dumping(settings, tmp_path)
    lasting, old = _backup_begun(settings.backup.folder, "job-1")
    _kill(lasting)
    _age(old, hours=2)
    process, fresh = _backup_begun(settings.backup.folder, "job-2")
    _kill(process)
    foreign = settings.backup.folder / ".somebody.part"
    foreign.write_bytes(b"somebody's")
    _age(foreign, hours=2)

    _back_up(chosen, "job-3")

    assert (old.exists(), fresh.exists(), foreign.exists()) == (False, True, True)


@pytest.mark.parametrize("job_id", ["job-1", "job-2"])
def test_a_backup_that_is_being_written_is_left_alone(
    settings: Settings, tmp_path: Path, job_id: str
) -> None:
    chosen = _dumping(settings, tmp_path)
    process, partial = _backup_begun(settings.backup.folder, "job-1")
    _age(partial, hours=2)

    try:
        _back_up(chosen, job_id)
        assert partial.exists()
    finally:
        _kill(process)


def test_a_file_that_is_being_written_outlives_a_cleanup(settings: Settings) -> None:
    """A workbook is written when it is whole; until then nothing of it reaches the file."""
    store = open_store(settings.artifacts)
    with store.create(ArtifactLabel("job-0", 1, "a.xlsx", "application/x", 1)) as file:
        (partial,) = settings.artifacts.folder.iterdir()
        _age(partial, hours=2)
        with AtWork(maintenance_worker, settings) as worker:
            done = worker.run("cleanup", {})
        file.write(b"hello")

    assert done["unfinished"] == 0
    assert [artifact.id for artifact in store.all()] == [file.artifact.id]
    with store.open(file.artifact.id) as whole:
        assert whole.read() == b"hello"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where workbooks lie in pieces."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def _workbook_begun(scratch: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """The process of an export, and the folder of its rows."""
    before = set(scratch.iterdir())
    process = subprocess.Popen([sys.executable, "-c", _HALF_A_WORKBOOK], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"written\n"
    (folder,) = set(scratch.iterdir()) - before
    return process, folder


def _write_workbook() -> None:
    writer = XlsxWriter(io.BytesIO(), [Column("name")])
    writer.write([("Ada",)])
    writer.close()


def _clean_up(settings: Settings, **payload: object) -> int:
    with AtWork(maintenance_worker, settings) as worker:
        return int(worker.run("cleanup", payload)["unfinished"])


def test_the_next_workbook_takes_away_what_a_killed_export_left(scratch: Path) -> None:
    process, left = _workbook_begun(scratch)
    _kill(process)
    assert left.exists()

    _write_workbook()

    assert list(scratch.iterdir()) == []


def test_so_does_a_cleanup_and_a_dry_one_counts_it(settings: Settings, scratch: Path) -> None:
    process, left = _workbook_begun(scratch)
    _kill(process)

    assert _clean_up(settings, dry_run=True) == 1
    assert left.exists()
    assert _clean_up(settings) == 1
    assert list(scratch.iterdir()) == []


def test_a_workbook_that_is_being_written_is_left_alone_however_old(
    settings: Settings, scratch: Path
) -> None:
    process, folder = _workbook_begun(scratch)
    try:
        for path in (*folder.iterdir(), folder):
            _age(path, hours=2)

        _write_workbook()

        assert _clean_up(settings) == 0
        assert list(scratch.iterdir()) == [folder]
    finally:
        _kill(process)


def test_what_was_left_on_a_disk_without_locks_goes_by_its_age(
    settings: Settings, scratch: Path
) -> None:
    left, fresh = scratch / "tally-xlsx-left", scratch / "tally-xlsx-fresh"
    for folder in (left, fresh):
        folder.mkdir()
        (folder / "rows").touch()
        _age(folder, hours=2)
    _age(left / "rows", hours=2)

    assert _clean_up(settings) == 1
    assert list(scratch.iterdir()) == [fresh]
