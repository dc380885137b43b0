"""Copies a Postgres database with ``pg_dump``. Its password is never on a command line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from backend.domain.errors import PermanentFailure, RetryLater
from workers.maintenance.pg_dump_program import CONNECT_SECONDS

_LOOK_UP = 0.25
_LONGEST = 500
#: What a URL may say besides the usual, and how libpq's programs want to hear it.
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
    "passfile": "PGPASSFILE",
}


def environment_for(url: str) -> dict[str, str]:
    """What tells libpq's programs where the database is."""
    from sqlalchemy import make_url

    parts = make_url(url)
    if not parts.drivername.startswith("postgresql"):
        raise PermanentFailure("only a Postgres database can be backed up")
    said = {
        "PGHOST": parts.host,
        "PGPORT": str(parts.port) if parts.port else None,
        "PGUSER": parts.username,
        "PGPASSWORD": parts.password,
        "PGDATABASE": parts.database,
        "PATH": os.environ.get("PATH"),
        "LC_ALL": "C",
        "PGCONNECT_TIMEOUT": str(CONNECT_SECONDS),
    }
    for name, variable in _VARIABLES.items():
        value = parts.query.get(name)
        if isinstance(value, str):
            said[variable] = value
    return {name: value for name, value in said.items() if value}


def dump(
    program: Path, url: str, descriptor: int, look: Callable[[], None], *, schema: str = ""
) -> None:
    """Writes the database, or one schema, to an open file; ``look`` is called meanwhile and may raise."""
    command = [str(program), "--format=custom", "--no-password", "--lock-wait-timeout=10s"]
    if schema:
        command.append(f"--schema={schema}")
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=descriptor,
        stderr=subprocess.PIPE,
        env=environment_for(url),
    ) as process:
        try:
            said = _wait(process, look)
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise _failure(said)


def _wait(process: subprocess.Popen[bytes], look: Callable[[], None]) -> str:
    while True:
        try:
            _, said = process.communicate(timeout=_LOOK_UP)
        except subprocess.TimeoutExpired:
            look()
        else:
            return " ".join(said.decode("utf-8", "replace").split())[-_LONGEST:]


def _failure(said: str) -> PermanentFailure | RetryLater:
    if "version mismatch" in said:
        return PermanentFailure(
            f"this pg_dump is older than the server: {said}; set backup.pg_dump"
        )
    return RetryLater(f"pg_dump failed: {said or 'without a word'}")
