"""The job that is answered in place of one that is asked for, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from backend.domain.jobs.options.unique import UniqueScope


class TwinBy(StrEnum):
    """What makes two jobs one."""

    #: The job that is asked for has the id of one that is there.
    JOB_ID = "job_id"
    #: The same call was made before.
    IDEMPOTENCY_KEY = "idempotency_key"
    #: A job that is the same keeps it out.
    UNIQUE = "unique"


class Twin(NamedTuple):
    """A job that is there, and stands for the one that is asked for."""

    job_id: str
    by: TwinBy
    #: Until when it keeps the other out, where it is unique.
    scope: UniqueScope | None = None
    #: Whether it gets, or got, the payload of the other.
    replaced: bool = False
    #: Whether id or key belong to a job with other contents: the one that is asked for is refused.
    is_conflict: bool = False
    #: In a plan, the place of the one that comes first, which has no id yet.
    place: int | None = None

    @property
    def words(self) -> str:
        """For people."""
        other = ", with another type, payload, queue or tenant" if self.is_conflict else ""
        if self.by is TwinBy.JOB_ID:
            return f"job {self.job_id} has this id and is there already{other}"
        if self.by is TwinBy.IDEMPOTENCY_KEY:
            return f"job {self.job_id} was accepted under the same idempotency key{other}"
        name = (
            f"job {self.job_id}" if self.place is None else f"the job at {self.place} of the plan"
        )
        kept = f", {self.scope.words}" if self.scope else ""
        gets = "; it gets the newest payload" if self.replaced else ""
        return f"{name} is the same and keeps others out{kept}{gets}"


class ReplayedId(str):
    """The id of the job that a replay came to, and the ``twin`` that was answered, if one was."""

    __slots__ = ("twin",)

    twin: Twin | None

    def __new__(cls, job_id: str, twin: Twin | None = None) -> ReplayedId:
        """A text, as the id alone."""
        replayed = super().__new__(cls, job_id)
        replayed.twin = twin
        return replayed
