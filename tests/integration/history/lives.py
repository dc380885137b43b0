"""Made-up lives of jobs: events as a recorder would have read them, at any time one likes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from backend.domain.jobs.job_event import JobEvent

_numbers = count(1)
START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


@dataclass
class Life:
    """One job and what becomes of it; durations are seconds."""

    job_id: str = ""
    at: datetime = START
    job_type: str = "send_email"
    queue: str = "normal"
    worker: str = "w1"
    options: dict[str, Any] = field(default_factory=dict)
    waits: float = 1.0
    runs: float = 0.25
    #: How its only attempt ends; empty: it waits.
    ends: str = "finished"
    error: tuple[str, str] = ("", "")
    log: str = ""
    #: Whether somebody takes it out of the dead-letter queue a second after its end.
    is_discarded: bool = False

    def events(self) -> Iterator[JobEvent]:
        """What is in the stream about it."""
        job_id = self.job_id or f"job-{next(_numbers):05}"
        yield JobEvent(
            stream_id(self.at), "enqueued", job_id, self.queue, state="queued", max_attempts=3,
            job_type=self.job_type, data='{"n":1}', options=json.dumps(self.options),
        )  # fmt: skip
        if not self.ends:
            return
        started = self.at + timedelta(seconds=self.waits)
        fence = stream_id(started)
        yield JobEvent(fence, "started", job_id, self.queue, 1, self.worker)
        kind, message = self.error
        error = json.dumps({"reason": "exception", "error": kind, "message": message})
        ended = started + timedelta(seconds=self.runs)
        yield JobEvent(
            stream_id(ended), self.ends, job_id, self.queue, 1,
            self.worker, fence, error if kind else "", self.runs * 1000, 0,
            log=self.log,
        )  # fmt: skip
        if self.is_discarded:
            gone = stream_id(ended + timedelta(seconds=1))
            yield JobEvent(gone, "discarded", job_id, self.queue, worker="ada")


def stream_id(at: datetime) -> str:
    """An id of this instant that no other entry has."""
    return f"{int(at.timestamp() * 1000)}-{next(_numbers)}"


def events_of(*lives: Life) -> list[JobEvent]:
    """The events of many lives."""
    return [event for life in lives for event in life.events()]
