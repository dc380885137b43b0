"""Who would be answered in the place of jobs that are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis import Redis

from backend.broker.jobs.codec import data_of
from backend.broker.keys import Keys
from backend.broker.server.functions import Functions
from backend.broker.server.step_sizes import steps_of
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options.unique import OnConflict, UniqueScope
from backend.domain.jobs.plans.twin import Twin, TwinBy


class RedisTwins:
    """Asks the step, which answers as `enqueue` would."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._functions = Functions(client, keys.root)

    def of(self, jobs: Sequence[NewJob]) -> list[Twin | None]:
        """One a job; None: it would be accepted, or refused for another reason."""
        found: list[Twin | None] = []
        for step in steps_of(jobs, [job.payload for job in jobs]):
            texts = [text for job in step for text in _arguments(job)]
            rows = self._functions.call("twin", *texts)
            found += [_twin(job, row) for job, row in zip(step, rows, strict=True)]
        return found

    def holder_of(self, scope: UniqueScope) -> str:
        """Who holds its key; empty for nobody."""
        [row] = self._functions.call("twin", "", "", "", "", "", scope.text, "")
        return row[0].decode() if row else ""


def _arguments(job: NewJob) -> tuple[str, ...]:
    scope = job.scope
    replaces = scope is not None and scope.on_conflict != OnConflict.KEEP
    return (
        job.id,
        job.job_type,
        data_of(job.job_type, job.payload),
        job.digest,
        job.unique_key,
        scope.text if scope else "",
        scope.on_conflict if scope and replaces else "",
    )


def _twin(job: NewJob, row: list[Any]) -> Twin | None:
    if not row:
        return None
    job_id, by, word = (text.decode() for text in row)
    scope = job.scope if by == TwinBy.UNIQUE else None
    return Twin(job_id, TwinBy(by), scope, word == "replaced", word == "conflict")
