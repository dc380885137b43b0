"""Follow-ups: jobs that are enqueued in the very step in which another one ends.

All of a follow-up but how that job ended is fixed when that job is accepted, and travels among its options.
So whoever ends it, a worker of whatever release, a rescuer or an operator, calls the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job_state import JobState

#: The name of the options among which they travel.
FOLLOW = "follow"
ON_SUCCESS, ON_FAILURE = WORDS = ("on_success", "on_failure")
#: How many follow one another at most.
MOST_IN_A_ROW = 5
#: Seconds that a job with follow-ups stays in Redis once it has ended, at least: they ask for its result.
LEAST_RESULT_TTL = 3600


class FollowUp(NamedTuple):
    """One that is to come, or has come. ``when`` is the option that names it."""

    when: str
    id: str
    job_type: str


def follow_up_id(job_id: str, when: str) -> str:
    """The id of a job's follow-up: the same however often its end is told."""
    return derived_job_id(job_id, when)


def follow_ups_of(options: Mapping[str, Any]) -> tuple[FollowUp, ...]:
    """Those among the options that a job carries."""
    said = options.get(FOLLOW)
    if not isinstance(said, dict):
        return ()
    plans = ((when, said[when]) for when in WORDS if isinstance(said.get(when), dict))
    return tuple(
        FollowUp(when, str(plan.get("id", "")), str(plan.get("job_type", "")))
        for when, plan in plans
    )


def words_to_come(options: Mapping[str, Any]) -> str:
    """Which of them are to come, as a job's hash says it; empty for none."""
    return " ".join(options[FOLLOW]) if FOLLOW in options else ""


def without(options: Mapping[str, Any], called: set[str]) -> dict[str, Any]:
    """The options of a job of which the follow-ups with these ids have been called."""
    if FOLLOW not in options:
        return dict(options)
    left = {word: plan for word, plan in options[FOLLOW].items() if plan["id"] not in called}
    rest = {name: value for name, value in options.items() if name != FOLLOW}
    return {**rest, FOLLOW: left} if left else rest


def ended_state(how: str) -> tuple[str, JobState] | None:
    """Which one is called by how a job ended, and the state that it is told; None for none.

    ``how`` is a state, ``expired``, or ``resolved`` and ``discarded`` in the dead-letter queue. Who
    withdraws a job wants no more of it; that it expired, nobody decided.
    """
    return _CALLS.get(how)


_CALLS = {
    "finished": (ON_SUCCESS, JobState.FINISHED),
    "resolved": (ON_SUCCESS, JobState.FINISHED),
    "failed": (ON_FAILURE, JobState.FAILED),
    "expired": (ON_FAILURE, JobState.CANCELED),
}
