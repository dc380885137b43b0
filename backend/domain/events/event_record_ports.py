"""What events need of the record. Every method raises HistoryUnavailable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from backend.domain.events.event_record import EventJob, EventRecord
from backend.domain.jobs.job_state import JobState


class EventOutcome(NamedTuple):
    """What became of the job that one subscription got of an event, as far as the record knows."""

    subscription: str
    job_id: str
    #: Empty, as the state is None, until the recorder has brought the job in.
    job_type: str
    state: JobState | None
    #: What it returned; None unless it finished.
    result: Any
    last_error: str
    finished_at: datetime | None


class RecordedEvent(NamedTuple):
    """An event with the jobs that it led to."""

    event: EventRecord
    outcomes: tuple[EventOutcome, ...]

    @property
    def job_ids(self) -> dict[str, str]:
        """The ids of its jobs by subscription."""
        return {outcome.subscription: outcome.job_id for outcome in self.outcomes}


class EventRecordStore(Protocol):
    """Event records, written together with the jobs that follow from them."""

    def add(self, event: EventRecord, jobs: Sequence[EventJob], session: Any = None) -> bool:
        """Writes an event and its jobs, in ``session``'s transaction or one of its own.

        False when an event with this id is on record: then nothing is written.
        """

    def find(self, event_id: str) -> RecordedEvent | None:
        """One event; None when it is unknown."""

    def find_context(self, context_id: str, limit: int) -> list[RecordedEvent]:
        """The events of one context of the caller's, the newest first."""
