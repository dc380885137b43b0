"""What follows the jobs of any history, as their callers understand it."""

from __future__ import annotations

import json
from typing import Any

from backend.broker.jobs import codec
from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import FOLLOW, ON_SUCCESS, WORDS
from backend.domain.jobs.options.job_labels import labels_in
from tests.contract.broker.jobs import new_job
from tests.property.model import ModelJob

#: A payload that is a follow-up's own.
OWN = '{"to":"ada"}'


def check_what_it_was_told(claimed: ClaimedJob) -> None:
    """Whoever ended the job that it follows: it has its own payload, or else what it is told."""
    job_id, _, word = claimed.id.partition("-")
    if word not in WORDS:
        return
    told = labels_in(claimed.options).follows
    assert told is not None
    state = "finished" if word == ON_SUCCESS else told.state
    assert (told.job_id, told.state) == (job_id, state)
    payload = codec.payload_of(claimed.data)
    assert payload == (json.loads(OWN) if word == ON_SUCCESS else told._asdict())


def follow_up_options(job_id: str) -> dict[str, Any]:
    """The options of a job that one job follows on success, another one on failure.

    The first has a payload of its own, the other is given what is told of the end.
    """
    plan = {"job_type": "other", "queue": "normal", "max_attempts": 2, "timeout": 60}
    rest = {"result_ttl": 10**7, "options": "{}"}
    plans: dict[str, Any] = {word: {**plan, **rest, "id": f"{job_id}-{word}"} for word in WORDS}
    plans[ON_SUCCESS]["payload"] = OWN
    return {FOLLOW: plans}


def call_follow_ups(jobs: dict[str, ModelJob]) -> None:
    """Those of jobs that have ended since somebody looked."""
    for job in list(jobs.values()):
        if word := job.calls():
            follow_up = _follow_up(f"{job.asked.id}-{word}")
            assert follow_up.id not in jobs, f"{follow_up.id} was called before"
            jobs[follow_up.id] = ModelJob(follow_up, JobState.QUEUED, "normal")


def _follow_up(job_id: str) -> NewJob:
    return new_job(job_id, "normal", job_type="other", max_attempts=2)
