"""What events need of the record. Every method raises HistoryUnavailable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from backend.domain.event_record import EventJob, EventRecord


class RecordedEvent(NamedTuple):
    """An event with the jobs that it led to, by subscription."""

    event: EventRecord
    job_ids: dict[str, str]


class EventRecordStore(Protocol):
    """Event records, written together with the jobs that follow from them."""

    def add(self, event: EventRecord, jobs: Sequence[EventJob], session: Any = None) -> bool:
        """Writes an event and its jobs, in ``session``'s transaction or one of its own.

        False when an event with this id is on record: then nothing is written.
        """

    def find(self, event_id: str) -> RecordedEvent | None:
        """One event; None when it is unknown."""
