"""Enqueueing is an action too, only a thousand times as frequent: one audit row a second and caller.

A row of the chain costs a transaction that others wait for, so what one caller enqueued within a
second shares one, with the number of jobs and the ids of the first. Every job itself is in history.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from backend.domain.access.actor import Actor
from backend.domain.errors import MigrationError, Unavailable
from backend.locks.fork_locks import own_lock
from backend.services.actions.action_log import AuditTrail, tell_log

_EVERY_SECONDS = 1.0
_MOST_IDS = 1000


@dataclass(slots=True)
class _Sum:
    request_id: str
    trace_id: str
    ids: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, ids: Sequence[str]) -> None:
        self.ids.extend(ids[: _MOST_IDS - len(self.ids)])
        self.count += len(ids)


#: Who did what.
_Key = tuple[Actor, str]


class EnqueueAudit:
    """Adds up, and writes from a thread of its own that lives as long as there is something to write."""

    def __init__(self, trail: AuditTrail) -> None:
        self._trail = trail
        self._sums: dict[_Key, _Sum] = {}
        own_lock(self)
        self._writer: threading.Thread | None = None
        self._over = threading.Event()

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def note(self, by: Actor, action: str, ids: Sequence[str]) -> None:
        """Somebody enqueued these jobs; the ids of their first request stand for all."""
        if not ids:
            return
        first = _Sum(by.request_id, by.trace_id)
        with self._lock:
            self._sums.setdefault((by.without_request, action), first).add(ids)
            if not self._is_writing() and not self._over.is_set():
                self._writer = threading.Thread(
                    target=self._write_on, name="enqueue-audit", daemon=True
                )
                self._writer.start()

    def close(self) -> None:
        """Writes what is left; what cannot be written goes to the process log."""
        self._over.set()
        writer = self._writer
        if writer is not None:
            writer.join(timeout=10)
        self.write()

    def write(self) -> bool:
        """Writes what was added up; False when there was nothing."""
        with self._lock:
            sums, self._sums = self._sums, {}
        for key, told in sums.items():
            self._write_one(key, told)
        return bool(sums)

    def _write_one(self, key: _Key, told: _Sum) -> None:
        actor, action = key
        details = {
            "object": "jobs",
            "affected_ids": told.ids,
            "affected": told.count,
            "request_id": told.request_id,
            "trace_id": told.trace_id,
        }
        try:
            self._trail.record(action, actor, **details)
        except (Unavailable, MigrationError) as error:
            if self._over.is_set():
                tell_log(action, actor, details, error)
            else:
                self._put_back(key, told)
        except Exception as error:  # noqa: BLE001 - a row that cannot be written must not end all others
            tell_log(action, actor, details, error)

    def _is_writing(self) -> bool:
        """A thread may be gone without a word: in a process that was forked, or killed by its memory."""
        return self._writer is not None and self._writer.is_alive()

    def _put_back(self, key: _Key, told: _Sum) -> None:
        """For the next look: one sum a caller, so that a long absence costs no memory."""
        with self._lock:
            newer = self._sums.get(key)
            if newer is not None:
                told.ids.extend(newer.ids[: _MOST_IDS - len(told.ids)])
                told.count += newer.count
            self._sums[key] = told

    def _write_on(self) -> None:
        while not self._over.wait(_EVERY_SECONDS):
            if self.write():
                continue
            with self._lock:
                if not self._sums:
                    self._writer = None
                    return
