"""Follow-ups: jobs that are enqueued in the very step in which another one ends.

All of a follow-up but how that job ended is fixed when that job is accepted, and travels among its options.
So whoever ends it, a worker of whatever release, a rescuer or an operator, calls the same one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job_state import JobState

#: The name of the options among which they travel.
FOLLOW = "follow"
#: The name of the option that tells a follow-up which job ended, and how: its own payload does not.
FOLLOWS = "follows"
ON_SUCCESS, ON_FAILURE = WORDS = ("on_success", "on_failure")
#: As a plan has the options of what follows.
options_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
#: How many follow one another at most.
MOST_IN_A_ROW = 5
#: Seconds that a job with follow-ups stays in Redis once it has ended, at least: they ask for its result.
LEAST_RESULT_TTL = 3600


class FollowUp(NamedTuple):
    """One that is to come, or has come. ``when`` is the option that names it."""

    when: str
    id: str
    job_type: str
    #: What the caller gave it; None: it is given what is told of the job that ended.
    payload: Any = None


class Followed(NamedTuple):
    """The job whose end called a follow-up, as that is told of it."""

    job_id: str
    job_type: str
    #: ``finished``, ``failed``, or ``canceled`` of one that expired before it began.
    state: str
    #: How many attempts were begun.
    attempt: int


def followed_in(options: Mapping[str, Any]) -> Followed | None:
    """Which job called this one, as its options tell; None: it follows none."""
    told = options.get(FOLLOWS)
    if not isinstance(told, dict):
        return None
    job_id, job_type, state = (str(told.get(name) or "") for name in Followed._fields[:3])
    return Followed(job_id, job_type, state, int(told.get("attempt") or 0))


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
        FollowUp(when, str(plan.get("id", "")), str(plan.get("job_type", "")), _payload_in(plan))
        for when, plan in plans
    )


def _payload_in(plan: Mapping[str, Any]) -> Any:
    return json.loads(plan["payload"]) if "payload" in plan else None


def under_another_id(options: Mapping[str, Any], job_id: str) -> dict[str, Any]:
    """The options of a job that is to have this id: what follows it has an id that comes from its own."""
    if FOLLOW not in options:
        return dict(options)
    plans = {when: _replanned(plan, when, job_id) for when, plan in options[FOLLOW].items()}
    return {**options, FOLLOW: plans}


def _replanned(plan: Mapping[str, Any], when: str, job_id: str) -> dict[str, Any]:
    own_id = follow_up_id(job_id, when)
    options = under_another_id(json.loads(plan["options"]), own_id)
    return {**plan, "id": own_id, "options": options_text(options)}


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
