"""What follows the jobs of any history, as their callers understand it."""

from __future__ import annotations

from typing import Any

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import FOLLOW, WORDS
from tests.contract.broker.jobs import new_job
from tests.property.model import ModelJob


def follow_up_options(job_id: str) -> dict[str, Any]:
    """The options of a job that one job follows on success, another one on failure."""
    plan = {"job_type": "other", "queue": "normal", "max_attempts": 2, "timeout": 60}
    rest = {"result_ttl": 10**7, "payload": f'{{"job_id":"{job_id}"', "options": "{}"}
    return {FOLLOW: {word: {**plan, **rest, "id": f"{job_id}-{word}"} for word in WORDS}}


def call_follow_ups(jobs: dict[str, ModelJob]) -> None:
    """Those of jobs that have ended since somebody looked."""
    for job in list(jobs.values()):
        if word := job.calls():
            follow_up = _follow_up(f"{job.asked.id}-{word}")
            assert follow_up.id not in jobs, f"{follow_up.id} was called before"
            jobs[follow_up.id] = ModelJob(follow_up, JobState.QUEUED, "normal")


def _follow_up(job_id: str) -> NewJob:
    return new_job(job_id, "normal", job_type="other", max_attempts=2)
