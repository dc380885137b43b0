"""Callbacks in Postgres: noted by a trigger when a job ends, decided here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from backend.domain.events.callback_ports import Decision, EndedJob
from backend.domain.jobs.attempts.outcome import AttemptError
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.job_labels import labels_in
from backend.history.outbox.caller_session import in_session
from backend.history.outbox.outbox_store import add_to_outbox


class PostgresCallbackStore:
    """The `CallbackStore` on Postgres."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._now = now

    def decide(self, most: int, decision: Callable[[EndedJob], Decision]) -> int:
        """Decides on up to ``most`` of them and puts their webhook jobs into the outbox, in one step."""
        with in_session(None, self._engine) as execute:
            ended = [_ended_job(row) for row in execute("due_callbacks", {"most": most})]
            if not ended:
                return 0
            decisions = [decision(job) for job in ended]
            jobs = [decided for decided in decisions if isinstance(decided, NewJob)]
            add_to_outbox(execute, jobs, self._now())
            execute(
                "decide_callbacks",
                {
                    "job_ids": [job.job_id for job in ended],
                    "versions": [job.version for job in ended],
                    "callback_ids": [_id_of(decided) for decided in decisions],
                    "errors": [_error_of(decided) for decided in decisions],
                },
            )
        return len(ended)

    def clean(self, age: float, most: int) -> int:
        """Forgets what was decided so many seconds ago; how many."""
        with in_session(None, self._engine) as execute:
            return len(execute("clean_callbacks", {"age": age, "most": most}))


def _id_of(decided: Decision) -> str | None:
    return decided.id if isinstance(decided, NewJob) else None


def _error_of(decided: Decision) -> str | None:
    return None if isinstance(decided, NewJob) else decided


def _ended_job(row: tuple[Any, ...]) -> EndedJob:
    job_id, version, job_type, queue, state, ended_at, attempt, result, *error, reason, options = (
        row
    )
    return EndedJob(
        job_id=job_id,
        version=version,
        job_type=job_type or "",
        queue=queue or "",
        state=state or "",
        ended_at=ended_at,
        attempt=attempt or 0,
        result=result or "",
        error=AttemptError(*(text or "" for text in error)) if error[1] else None,
        reason=reason or "",
        labels=labels_in(options or ""),
    )
