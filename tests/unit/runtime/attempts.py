"""Runs a handler as a worker would, without one."""

from __future__ import annotations

import json
from typing import Any

from backend.broker.jobs import codec
from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.bounds import RESULT_BYTES
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt


def claimed(payload: Any = None, **fields: Any) -> ClaimedJob:
    """A job as a worker gets it."""
    data = codec.data_of("greet", json.dumps(payload if payload is not None else {}))
    values = {
        "id": "a",
        "fence": "1-0",
        "attempt": 1,
        "failures": 0,
        "suspect": False,
        "queue": "normal",
        "job_type": "greet",
        "data": data.encode(),
        "options": b"{}",
        "timeout": 60.0,
        "max_attempts": 3,
    }
    return ClaimedJob(**{**values, **fields})


def run(
    handler: Any,
    job: ClaimedJob | None = None,
    model: Any = None,
    max_result_bytes: int = RESULT_BYTES,
    *,
    payload: Any = None,
    takes_arguments: bool = False,
    **context: Any,
) -> Outcome:
    """What becomes of one attempt."""
    kind = JobType("greet", handler, payload=model, takes_arguments=takes_arguments)
    prepared = attempt.prepare(kind, None, max_result_bytes)
    given = JobContext("a", "greet", 1, **context)
    return attempt.run(prepared, job or claimed(payload or {"name": "Ada"}), given)
