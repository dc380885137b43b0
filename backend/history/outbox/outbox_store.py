"""The outbox in Postgres, for those who put jobs in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from backend.domain.events.outbox import OutboxDepth, OutboxRow, without_delay
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_filter import is_storable
from backend.history.outbox.caller_session import Execute, in_session
from backend.history.outbox.outbox_text import job_in, text_of


class PostgresOutbox:
    """The `Outbox` on Postgres."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def add(self, jobs: Sequence[NewJob], session: Any = None) -> list[bool]:
        """Writes jobs, in ``session``'s transaction or one of its own; of each whether it is new."""
        with in_session(session, self._engine) as execute:
            return add_to_outbox(execute, jobs, self._now())

    def find(self, job_id: str, session: Any = None) -> OutboxRow | None:
        """One row, as ``session`` sees it; None when there is none, or it was sent and cleaned away."""
        if not is_storable(job_id):
            return None
        with in_session(session, self._engine) as execute:
            rows = execute("find_in_outbox", {"job_id": job_id})
        if not rows:
            return None
        text, created_at, sent_at, accepted_as, last_error = rows[0]
        return OutboxRow(job_in(text), created_at, sent_at, accepted_as or "", last_error or "")

    def depth(self) -> OutboxDepth:
        """How much waits."""
        with in_session(None, self._engine) as execute:
            waiting, in_doubt, set_aside, oldest = execute("outbox_depth", {})[0]
        return OutboxDepth(waiting, in_doubt, set_aside, float(oldest))


def add_to_outbox(execute: Execute, jobs: Sequence[NewJob], now: datetime) -> list[bool]:
    """Writes jobs in a transaction that somebody began; of each whether it is new.

    Of several with one id the first is written.
    """
    if not jobs:
        return []
    ids = [job.id for job in jobs]
    texts = [text_of(without_delay(job, now)) for job in jobs]
    written = {row[0] for row in execute("add_to_outbox", {"ids": ids, "jobs": texts})}
    firsts = {job_id: place for place, job_id in reversed(list(enumerate(ids)))}
    return [job_id in written and firsts[job_id] == place for place, job_id in enumerate(ids)]
