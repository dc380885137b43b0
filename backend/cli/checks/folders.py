"""Folders that jobs write to, and the program that makes backups: seen before the first night."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from backend.api.config.settings import Settings
from backend.cli.checks.finding import Finding, ok, warning, wrong
from backend.domain.errors import PermanentFailure
from workers.maintenance.pg_dump_program import find_pg_dump, major_of


def check_folders(settings: Settings) -> Iterator[Finding]:
    """Whether this account can write files of jobs and backups, and make backups at all."""
    if not can_be_written(settings.artifacts.folder):
        yield wrong("artifacts_folder", *_unwritable("artifacts", settings.artifacts.folder))
    if not can_be_written(settings.backup.folder):
        yield warning("backup_folder", *_unwritable("backup", settings.backup.folder))
    try:
        find_pg_dump(settings.backup.pg_dump, 0)
    except PermanentFailure as error:
        text, _, remedy = str(error).partition("; ")
        yield warning("backup_program", text, remedy or "correct backup.pg_dump")


def _unwritable(name: str, folder: Path) -> tuple[str, str]:
    return (
        f"{name}.folder is {folder.absolute()}, where this account cannot write",
        f"set TALLY_{name.upper()}__FOLDER to a folder of the account that runs workers",
    )


def check_backup_version(settings: Settings, server_major: int) -> Iterator[Finding]:
    """Whether pg_dump is the server's own; nothing when there is none. 0: the server's is not known."""
    try:
        program = find_pg_dump(settings.backup.pg_dump, server_major)
    except PermanentFailure:
        return
    ours = major_of(program)
    versions = f"{program} is of Postgres {ours}, the server of {server_major}"
    remedy = f"install postgresql-client-{server_major}, or set backup.pg_dump"
    if ours < server_major:
        yield warning("backup_program_old", f"{versions}: it refuses to copy it", remedy)
    elif ours > server_major > 0:
        newer = f"{versions}: that server may not take back what it writes"
        yield warning(
            "backup_program_newer", newer, f"{remedy}; docs/how-to/restore.md has the way"
        )
    else:
        yield ok("backup_program", f"backups are made by {program} of Postgres {ours}")


def can_be_written(folder: Path) -> bool:
    """Whether it is ours to write to, or to make where it is missing; on a read-only disk it is not."""
    nearest = folder.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    return nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
