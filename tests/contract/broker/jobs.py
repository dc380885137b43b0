"""Jobs and outcomes as the tests of every broker need them."""

from __future__ import annotations

import itertools
from typing import Any

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.queue_name import QueueName

ERROR = AttemptError("exception", "ValueError", "no", "the whole way")

_numbers = itertools.count(1)


def new_job(job_id: str = "", queue: str = "normal", **fields: Any) -> NewJob:
    """A job that would pass every check."""
    given: dict[str, Any] = {
        "id": job_id or f"job-{next(_numbers)}",
        "job_type": "greet",
        "queue": QueueName.parse(queue),
        "payload": '{"name":"Ada"}',
        "options": {},
        "max_attempts": 3,
        "timeout": 60,
        "result_ttl": 500,
    }
    return NewJob(**(given | fields))


def outcome(kind: str, **fields: Any) -> Outcome:
    """How an attempt ended."""
    is_fault = kind in {"retried", "failed", "crashed", "suspected"}
    delay = 60.0 if kind in {"retried", "snoozed"} else 0.0
    given: dict[str, Any] = {"error": ERROR if is_fault else None, "delay": delay}
    return Outcome(OutcomeKind(kind), **(given | fields))
