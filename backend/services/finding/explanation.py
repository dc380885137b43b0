"""What is told of a job that does not run: where it stands, and what holds it up."""

from __future__ import annotations

from typing import Any, NamedTuple

from backend.domain.jobs.job_state import JobState


class Cause(NamedTuple):
    """One thing that keeps a job from running. ``code`` is stable, ``text`` is for people."""

    code: str
    text: str
    details: dict[str, Any]


class Explanation(NamedTuple):
    """Where a job stands in line and what holds it up; no causes: nothing does."""

    state: JobState
    #: Jobs that run before it in its own queue; None when it does not wait in one. Told to a tenant: among
    #: its own jobs, where the queue is fair by tenant; else None.
    position: int | None
    #: Jobs waiting in more urgent queues of the same lane; None for a tenant, for they are others'.
    ahead_elsewhere: int | None
    causes: list[Cause]
    text: str
