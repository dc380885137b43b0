"""Printing, cleaning up and backing up, on real files and a real Postgres."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.api.config.worker_settings import BackupSettings
from backend.domain.errors import ArtifactError, PermanentFailure, RetryLater
from tests.integration.history.databases import named
from tests.integration.workers.record import session
from tests.workers_at_work import AtWork, Settings, Steps, context
from workers import maintenance_worker
from workers.artifacts.artifact import ArtifactLabel
from workers.artifacts.open_store import open_store
from workers.base_worker import JobContext, StopRequested
from workers.maintenance.dump import environment_for
from workers.maintenance.pg_dump_program import find_pg_dump, major_of_server

NOW = datetime(2026, 1, 2, 12, 34, 56, tzinfo=UTC)


class At(JobContext):
    """A context whose clock stands still."""

    @staticmethod
    def now() -> datetime:
        return NOW


def at_noon(**values: Any) -> JobContext:
    return At(job_id="job-1", job_type="test", attempt=1, **values)


@contextmanager
def restored(url: str, dump: Path) -> Iterator[str]:
    """A new database filled from a backup."""
    with session(url) as cursor:
        cursor.execute("DROP DATABASE IF EXISTS restored")
        cursor.execute("CREATE DATABASE restored")
    other = named(url, "restored")
    program = find_pg_dump(None, major_of_server(url)).with_name("pg_restore")
    environment = environment_for(other)
    command = [str(program), "--no-password", "--exit-on-error", "-d", "restored", str(dump)]
    subprocess.run(command, env=environment, check=True, timeout=60)
    yield other
    with session(url) as cursor:
        cursor.execute("DROP DATABASE restored WITH (FORCE)")


def test_a_message_is_printed_with_its_time(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with AtWork(maintenance_worker, settings) as worker:
        worker.run("log_message", {"message": "Grüße"}, at_noon())
        result = worker.run("log_message", {}, at_noon())

    assert capsys.readouterr().out.splitlines() == [
        "[2026-01-02 12:34:56] Grüße", "[2026-01-02 12:34:56] Job executed successfully"
    ]  # fmt: skip
    assert result == {"printed": "[2026-01-02 12:34:56] Job executed successfully"}


@pytest.mark.parametrize(
    "message",
    [
        "a\n[2026-01-02 12:34:56] forged", "a\r\nb", "\x1b[2Jb", "a\x00b", "a\x85b", "a\u2028b", "a\u202eb",
        "\x07", "a\tb", "\x0b", "\x0c", "\x1c", "\u2029", "\ufeffx",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_message_is_one_line_whatever_it_holds(
    settings: Settings, capsys: pytest.CaptureFixture[str], message: str
) -> None:
    with AtWork(maintenance_worker, settings) as worker:
        worker.run("log_message", {"message": message}, at_noon())

    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("[2026-01-02 12:34:56] ")
    assert line.isprintable()


def test_what_has_expired_and_what_was_left_half_written_goes(settings: Settings) -> None:
    store = open_store(settings.artifacts)
    kept = _artifact(store, days=1)
    expired = _artifact(store, days=1e-9)
    left = settings.artifacts.folder / ".abc.part"
    left.write_bytes(b"half")
    two_hours_ago = (datetime.now(UTC) - timedelta(hours=2)).timestamp()
    os.utime(left, (two_hours_ago, two_hours_ago))

    with AtWork(maintenance_worker, settings) as worker:
        dry = worker.run("cleanup", {"dry_run": True})
        test = worker.run("cleanup", {}, context(is_test=True))
        found = [artifact.id for artifact in store.all()]
        done = worker.run("cleanup", {})
        again = worker.run("cleanup", {})

    assert dry == test == {"expired": 1, "bytes": 5, "unfinished": 1, "dry_run": True}
    assert sorted(found) == sorted([kept, expired])
    assert done == {"expired": 1, "bytes": 5, "unfinished": 1, "dry_run": False}
    assert again == {"expired": 0, "bytes": 0, "unfinished": 0, "dry_run": False}
    assert [artifact.id for artifact in store.all()] == [kept]


def _artifact(store: Any, *, days: float) -> str:
    with store.create(ArtifactLabel("job-0", 1, "a.csv", "text/csv", days)) as file:
        file.write(b"hello")
    return str(file.artifact.id)


def test_a_backup_restores_to_the_same_record(settings: Settings, record_url: str) -> None:
    steps = Steps()
    with AtWork(maintenance_worker, settings.but(database_url=record_url)) as worker:
        result = worker.run("backup", {}, at_noon(report_progress=steps))

    path = settings.backup.folder / result["name"]
    assert result["name"] == "tally-20260102T123456Z-job-1.dump"
    assert path.stat().st_size == result["size_bytes"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with restored(record_url, path) as other, session(other) as there, session(record_url) as here:
        for table in ("jobs", "job_results", "job_tags", "job_counts"):
            query = f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} t"
            there.execute(query)
            here.execute(query)
            assert there.fetchall() == here.fetchall()


def test_only_the_newest_backups_stay(settings: Settings, record_url: str) -> None:
    folder = settings.backup.folder
    folder.mkdir()
    for day in ("20251230", "20251231"):
        (folder / f"tally-{day}T000000Z-x.dump").write_bytes(b"old")
    (folder / "notes.txt").write_bytes(b"somebody's")
    few = settings.but(database_url=record_url, backup=BackupSettings(folder=folder, keep=2))

    with AtWork(maintenance_worker, few) as worker:
        result = worker.run("backup", {}, at_noon())

    assert result["removed"] == ["tally-20251230T000000Z-x.dump"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "notes.txt", "tally-20251231T000000Z-x.dump", result["name"]
    ]  # fmt: skip


def test_a_backup_that_fails_leaves_nothing(settings: Settings) -> None:
    away = settings.but(database_url="postgresql+psycopg2://tally:s3cret@127.0.0.1:9/tally")

    with (
        AtWork(maintenance_worker, away) as worker,
        pytest.raises(RetryLater, match="pg_dump failed") as failure,
    ):
        worker.run("backup", {}, at_noon())

    assert "s3cret" not in str(failure.value)
    assert list(settings.backup.folder.iterdir()) == []


def script(folder: Path, text: str) -> Path:
    path = folder / "pg_dump"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_password_is_not_on_the_command_line(settings: Settings, tmp_path: Path) -> None:
    program = script(
        tmp_path, f'echo "$@" > {tmp_path}/arguments; echo "$PGPASSWORD" > {tmp_path}/password'
    )
    url = "postgresql+psycopg2://tally:s3cret@db.example:6432/jobs?sslmode=require"
    chosen = BackupSettings(folder=settings.backup.folder, pg_dump=program)

    with AtWork(maintenance_worker, settings.but(database_url=url, backup=chosen)) as worker:
        worker.run("backup", {}, at_noon())

    assert "s3cret" not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "password").read_text().strip() == "s3cret"
    environment = environment_for(url)
    assert {name: environment[name] for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGSSLMODE")} == {
        "PGHOST": "db.example", "PGPORT": "6432", "PGDATABASE": "jobs", "PGSSLMODE": "require"
    }  # fmt: skip


def test_a_canceled_backup_stops_its_program(settings: Settings, tmp_path: Path) -> None:
    program = script(tmp_path, "exec sleep 60")
    chosen = BackupSettings(folder=settings.backup.folder, pg_dump=program)
    reachable = settings.but(database_url="postgresql+psycopg2://tally@/tally", backup=chosen)

    with AtWork(maintenance_worker, reachable) as worker, pytest.raises(StopRequested):
        worker.run("backup", {}, at_noon(canceled=True))

    assert list(settings.backup.folder.iterdir()) == []


def test_an_older_pg_dump_is_named(settings: Settings, tmp_path: Path) -> None:
    program = script(tmp_path, "echo 'aborting because of server version mismatch' >&2; exit 1")
    chosen = BackupSettings(folder=settings.backup.folder, pg_dump=program)
    reachable = settings.but(database_url="postgresql+psycopg2://tally@/tally", backup=chosen)

    with (
        AtWork(maintenance_worker, reachable) as worker,
        pytest.raises(PermanentFailure, match=r"older than the server.*backup\.pg_dump"),
    ):
        worker.run("backup", {}, at_noon())


def test_a_missing_pg_dump_is_named(settings: Settings, tmp_path: Path) -> None:
    chosen = BackupSettings(folder=settings.backup.folder, pg_dump=tmp_path / "none")

    with (
        AtWork(maintenance_worker, settings.but(backup=chosen)) as worker,
        pytest.raises(PermanentFailure, match=r"backup\.pg_dump names .* cannot be run"),
    ):
        worker.run("backup", {})


def test_another_database_than_postgres_is_refused(settings: Settings) -> None:
    with (
        AtWork(maintenance_worker, settings.but(database_url="sqlite://")) as worker,
        pytest.raises(PermanentFailure, match="only a Postgres database"),
    ):
        worker.run("backup", {}, at_noon())


def test_a_folder_that_cannot_be_written_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    chosen = BackupSettings(folder=tmp_path / "file")

    with (
        AtWork(maintenance_worker, settings.but(backup=chosen)) as worker,
        pytest.raises(ArtifactError, match="the backup cannot be written"),
    ):
        worker.run("backup", {}, at_noon())


def test_a_test_run_of_a_backup_writes_nothing(settings: Settings) -> None:
    with AtWork(maintenance_worker, settings) as worker:
        result = worker.run("backup", {}, context(is_test=True))

    assert result["name"] is None
    assert not settings.backup.folder.exists()
