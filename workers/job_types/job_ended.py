"""What a follow-up is told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class JobEnded(BaseModel):
    """Which job ended, and how: the payload of what ``on_success`` or ``on_failure`` name.

    What follows with a payload of its own has it as `JobContext.follows`. What came of the job is asked
    for, as results may be large: ``queue().get_job(ended.job_id)`` has result and error.
    """

    model_config = ConfigDict(frozen=True)

    job_id: str
    job_type: str
    #: ``canceled`` of one that expired before it began.
    state: Literal["finished", "failed", "canceled"]
    #: How many attempts were begun.
    attempt: int
