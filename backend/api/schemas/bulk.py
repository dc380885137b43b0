"""Actions on many jobs, as they come in and go out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from backend.api.schemas.base import Because, Request, Resource
from backend.api.schemas.fields import JobId, QueueText
from backend.api.schemas.job_conditions import JobConditions, SearchConditions
from backend.api.schemas.job_search import JobLine
from backend.domain.errors import InvalidOption
from backend.domain.jobs.queue_name import QueueName

JobIds = Annotated[list[JobId], Field(min_length=1, max_length=10_000)]


class Bulk(Because):
    """What all actions on many jobs take."""

    job_ids: JobIds | None = Field(None, description="These jobs; instead of a filter.")
    dry_run: bool = Field(False, description="Only show which jobs it would be.")


class Filter(Request):
    """Conditions; none at all would mean everything, which must be said in other words."""

    model_config = ConfigDict(
        json_schema_extra={
            "minProperties": 1,
            "not": {"additionalProperties": {"type": "null"}},
        }
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if all(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError("a filter needs at least one condition")
        return self


class UnendedFilter(Filter, SearchConditions):
    """Which jobs that have not ended are meant; at least one condition, and each must hold."""


class UnendedBulkRequest(Bulk):
    """Which jobs that have not ended to act on: a filter, or ids."""

    filter: UnendedFilter | None = None


class BulkCancelRequest(UnendedBulkRequest):
    """Which jobs to withdraw."""

    force: bool = Field(False, description="Stop running ones hard, not only ask them.")


class DeadFilterBody(Filter, JobConditions):
    """Which dead jobs are meant; at least one condition, and every one given must hold."""


class DeadBulkRequest(Bulk):
    """Which dead jobs to act on: a filter, ids, or all of them."""

    filter: DeadFilterBody | None = None
    all: bool = Field(False, description="Every dead job; must be said.")


class RedriveRequest(DeadBulkRequest):
    """Which dead jobs to send home."""

    anyway: bool = Field(False, description="Also those whose key a job that is the same holds.")


class PurgeRequest(Because):
    """A purge, on purpose only."""

    confirm: QueueText | None = Field(None, description="The queue's name again.")
    dry_run: bool = Field(False, description="Only show what it would cancel.")

    def confirmed(self, queue: str) -> str:
        """The queue's whole name; raises `InvalidOption` unless it was repeated as it was given."""
        if self.confirm != queue:
            raise InvalidOption(f"repeat the queue's name in confirm: {queue!r}", field="confirm")
        return str(QueueName.parse(queue))


class BulkOutcome(Resource):
    """What a bulk action did, or would do."""

    dry_run: bool
    count: int = Field(description="Jobs touched, or, in a dry run, that would be.")
    oldest: datetime | None = Field(description="Since when the oldest waits, or is dead.")
    sample: list[JobLine] = Field(description="A few of them.")
    job_ids: list[str] = Field(description="Those touched, at most the first 1000.")
    asked: int = Field(0, description="Running jobs that were asked to stop.")
    more: bool = Field(False, description="There are more than one action takes: repeat it.")
