"""Why an attempt did not finish, as its event tells it."""

from __future__ import annotations

import json
from typing import NamedTuple

from backend.domain.jobs.job_event import JobEvent

#: What lists show of an error; the whole text is with the attempt.
_LONGEST_SUMMARY = 2000
_LONGEST_KIND = 200


class AttemptFault(NamedTuple):
    """The error of one attempt. ``kind`` is the exception's class."""

    reason: str
    kind: str
    message: str
    traceback: str = ""

    @property
    def summary(self) -> str:
        """Kind and message, cut at 2000 characters."""
        return (f"{self.kind}: {self.message}" if self.message else self.kind)[:_LONGEST_SUMMARY]


def note_of(event: JobEvent) -> str:
    """What the timeline says beside an event: why somebody acted, or why one that never began waits.

    The error of an attempt is with the attempt.
    """
    if event.fence:
        return ""
    fault = fault_in(event.kind, event.body) if event.taken_back else None
    return event.body if fault is None else fault.summary


def fault_in(kind: str, body: str) -> AttemptFault | None:
    """The fault in an event's body: an error as JSON, or a plain reason; None where there is neither."""
    if not body:
        return None
    try:
        fields = json.loads(body)
    except ValueError:
        fields = body
    if not isinstance(fields, dict):
        return AttemptFault(kind, kind, body)
    return AttemptFault(
        str(fields.get("reason", kind)),
        str(fields.get("error", kind))[:_LONGEST_KIND] or kind,
        str(fields.get("message", "")),
        str(fields.get("traceback", "")),
    )
