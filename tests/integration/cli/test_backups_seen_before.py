"""What backups need is seen by `tally doctor` and `tally config check` before the first night."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.shell import Shell
from workers.maintenance.pg_dump_program import major_of_server, nearest


def _said(shell: Shell, code: str, level: str = "warning") -> dict[str, str]:
    status = 1 if level == "wrong" else 0
    findings = shell.run("doctor", "--json", status=status).json
    [found] = [f for f in findings if f["code"] == code]
    assert found["level"] == level
    return dict(found)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file, in which no folder can be made."""
    path = tmp_path / "file"
    path.write_text("")
    return path


def _pg_dump(folder: Path, version: str) -> str:
    program = folder / "pg_dump"
    program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    return str(program)


def test_a_folder_that_cannot_be_written_is_named(
    shell: Shell, environment: pytest.MonkeyPatch, file: Path
) -> None:
    environment.setenv("TALLY_BACKUP__FOLDER", str(file / "backups"))

    found = _said(shell, "backup_folder")
    checked = shell.run("config", "check")

    assert found["text"] == f"backup.folder is {file}/backups, where this account cannot write"
    assert "TALLY_BACKUP__FOLDER" in found["remedy"]
    assert found["text"] in checked.talk
    assert "the settings are good" in checked.text


def test_a_folder_of_results_that_cannot_be_written_is_wrong(
    shell: Shell, environment: pytest.MonkeyPatch, file: Path
) -> None:
    environment.setenv("TALLY_ARTIFACTS__FOLDER", str(file / "artifacts"))

    assert "artifacts.folder is" in _said(shell, "artifacts_folder", "wrong")["text"]


def test_a_pg_dump_that_is_not_there_is_told_with_what_to_do(
    shell: Shell, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("TALLY_BACKUP__PG_DUMP", str(tmp_path / "nowhere"))

    found = _said(shell, "backup_program")

    assert found["text"] == f"backup.pg_dump names {tmp_path}/nowhere, which cannot be run"
    assert found["text"] in shell.run("config", "check").talk


def test_a_pg_dump_older_than_the_server_is_told(
    shell: Shell, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("TALLY_BACKUP__PG_DUMP", _pg_dump(tmp_path, "9.6.24"))

    found = _said(shell, "backup_program_old")

    assert "is of Postgres 9, the server of" in found["text"]
    assert "install postgresql-client-" in found["remedy"]


def test_a_pg_dump_newer_than_the_server_is_told_with_the_way_to_restore(
    shell: Shell, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("TALLY_BACKUP__PG_DUMP", _pg_dump(tmp_path, "99.1"))

    found = _said(shell, "backup_program_newer")

    assert f"{tmp_path}/pg_dump is of Postgres 99, the server of " in found["text"]
    assert found["text"].endswith(": that server may not take back what it writes")
    assert found["remedy"].endswith("docs/how-to/restore.md has the way")


def test_the_servers_own_pg_dump_is_taken_and_named(
    shell: Shell, environment: pytest.MonkeyPatch, record_url: str, tmp_path: Path
) -> None:
    major = major_of_server(record_url)
    environment.setenv("TALLY_BACKUP__PG_DUMP", _pg_dump(tmp_path, f"{major}.1"))

    assert f"of Postgres {major}" in _said(shell, "backup_program", "ok")["text"]


@pytest.mark.parametrize(
    ("majors", "server", "taken"),
    [
        ([15, 16, 17, 18], 16, 16),
        ([14, 18, 17], 16, 17),
        ([13, 15, 14], 16, 15),
        ([13, 15, 14], 0, 15),
    ],
)
def test_of_several_pg_dumps_the_servers_own_or_the_nearest_is_taken(
    majors: list[int], server: int, taken: int
) -> None:
    programs = {Path(f"/usr/lib/postgresql/{major}/bin/pg_dump"): major for major in majors}

    assert programs[nearest(programs, server)] == taken


def test_a_server_that_cannot_be_asked_has_no_version(tmp_path: Path) -> None:
    assert major_of_server(f"postgresql+psycopg2://nobody@/none?host={tmp_path}") == 0
