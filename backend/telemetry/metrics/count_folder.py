"""A folder through which processes hand what they counted to the one that is scraped.

Each process writes one file, replaced as a whole, and holds a lock on another for as long as it lives.
What a dead process counted is added to a sum that stays, so that counters never go back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from backend.locks.file_lock import is_locked, lock
from backend.telemetry.metrics.counts import Snapshot, Spread, nothing

#: Ends the name of a file that a process holds a lock on for as long as it lives.
LIVING = ".alive"
_COUNTED, _SUM, _LOCK = ".counted", "ended.sum", "folder.lock"


class CountFile:
    """Where one process leaves its counts."""

    def __init__(self, folder: Path) -> None:
        name = f"{os.getpid()}-{os.urandom(4).hex()}"
        self._file = folder / f"{name}{_COUNTED}"
        self._alive = opened_alone(folder / f"{name}{LIVING}")

    def write(self, snapshot: Snapshot) -> None:
        """Replaces what was left before. Raises OSError while there is no room for it."""
        _keep_young(self._alive)
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
            for living in sorted(self._folder.glob(f"*{LIVING}")):
                counted = living.with_suffix(_COUNTED)
                if is_locked(living):
                    _keep_young(living)
                elif self._is_buried(living, counted):
                    continue
                total.add(_read(counted))
            total.add(_read(self._folder / _SUM))
        return total

    def _is_buried(self, living: Path, counted: Path) -> bool:
        """What a dead process counted joins the sum that stays; not while there is no room for that."""
        ended = _read(self._folder / _SUM)
        ended.add(_read(counted))
        try:
            _replace(self._folder / _SUM, ended)
        except OSError:
            return False
        for left in (counted, _unfinished(counted), living):
            left.unlink(missing_ok=True)
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = opened_alone(self._folder / _LOCK)
        try:
            _keep_young(descriptor)
            with suppress(FileNotFoundError):
                _keep_young(self._folder / _SUM)
            yield
        finally:
            os.close(descriptor)


def opened_alone(path: Path) -> int:
    """A descriptor that holds the lock on a file until it is closed; waits for others to let go."""
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    lock(descriptor)
    return descriptor


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
    fresh = _unfinished(path)
    try:
        fresh.write_text(json.dumps(rows), encoding="utf-8")
        fresh.replace(path)
    except OSError:
        # On a full disk the next try needs the room, and nobody else clears it away.
        fresh.unlink(missing_ok=True)
        raise


def _unfinished(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _keep_young(file: int | Path) -> None:
    """Many hosts clear away what lies in their folder for temporary files and was not touched for days."""
    os.utime(file)
