"""A domain event on record, and the jobs that it led to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from backend.domain.jobs.job import NewJob

#: The name of the event that stands behind a test run.
TEST_EVENT = "job.test"


@dataclass(frozen=True, slots=True)
class EventRecord:
    """What a caller said happened."""

    id: str
    name: str
    #: As JSON text.
    payload: str
    source: str = ""
    tenant: str = ""
    trace_id: str = ""
    context_id: str = ""
    is_test: bool = False
    #: None until it is on record.
    created_at: datetime | None = None


class EventJob(NamedTuple):
    """The job that one subscription gets of one event."""

    subscription: str
    job: NewJob


class Emitted(NamedTuple):
    """An event that is on record, or will be when the caller commits."""

    event_id: str
    #: One for each subscription, in the order of the configuration.
    job_ids: tuple[str, ...]
    #: False when the same event was emitted before: then nothing was done.
    is_new: bool = True
