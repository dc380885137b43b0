"""A folder through which processes hand what they counted to the one that is scraped.

Each process writes one file, replaced as a whole, and holds a lock on another for as long as it lives.
What a dead process counted is added to a sum that stays, so that counters never go back.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.telemetry.counts import Snapshot, Spread, nothing

_LIVING, _COUNTED, _SUM, _LOCK = ".alive", ".counted", "ended.sum", "folder.lock"


class CountFile:
    """Where one process leaves its counts."""

    def __init__(self, folder: Path) -> None:
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._file = folder / f"{name}{_COUNTED}"
        self._alive = os.open(folder / f"{name}{_LIVING}", os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._alive, fcntl.LOCK_EX)

    def write(self, snapshot: Snapshot) -> None:
        """Replaces what was left before."""
        _replace(self._file, snapshot)

    def close(self) -> None:
        """From now on this process counts as ended."""
        os.close(self._alive)


class CountFolder:
    """The counts of all processes that use one folder. Several may read it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> Snapshot:
        """The sum over all processes, ended ones included."""
        total = nothing()
        with self._alone():
            for living in sorted(self._folder.glob(f"*{_LIVING}")):
                counted = living.with_suffix(_COUNTED)
                if _is_held(living):
                    total.add(_read(counted))
                else:
                    self._bury(living, counted)
            total.add(_read(self._folder / _SUM))
        return total

    def _bury(self, living: Path, counted: Path) -> None:
        """What a dead process counted joins the sum that stays."""
        ended = _read(self._folder / _SUM)
        ended.add(_read(counted))
        _replace(self._folder / _SUM, ended)
        counted.unlink(missing_ok=True)
        living.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = os.open(self._folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _is_held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _read(path: Path) -> Snapshot:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return nothing()
    rows: dict[str, Any] = json.loads(text)
    return Snapshot(
        {(name, tuple(labels)): value for name, labels, value in rows["counters"]},
        {
            (name, tuple(labels)): Spread(buckets, total)
            for name, labels, buckets, total in rows["spreads"]
        },
    )


def _replace(path: Path, snapshot: Snapshot) -> None:
    rows = {
        "counters": [[name, labels, value] for (name, labels), value in snapshot.counters.items()],
        "spreads": [
            [name, labels, spread.buckets, spread.total]
            for (name, labels), spread in snapshot.spreads.items()
        ],
    }
    fresh = path.with_suffix(f".{secrets.token_hex(4)}.new")
    fresh.write_text(json.dumps(rows), encoding="utf-8")
    fresh.replace(path)
