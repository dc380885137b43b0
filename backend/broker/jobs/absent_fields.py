"""What a field of a job's hash means that is not there, or is no number where one belongs.

A lean hash leaves out what most jobs have.

These values are a format, as the names of fields are. They stay what they are when the defaults of job
types change, and ``ABSENT`` in the Lua library says the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.domain.jobs.job_state import JobState

ABSENT = {"options": "{}", "max_attempts": "4", "timeout": "180", "result_ttl": "3600"}
#: In these states a job without a time of its own waits, or waited, since it was accepted. One that was
#: scheduled has such a time once it was promoted; one that was canceled may never have waited.
_QUEUED_ONCE = frozenset({*JobState} - {JobState.SCHEDULED, JobState.DEFERRED, JobState.CANCELED})


#: More digits than any count of Redis has.
_TOO_LONG = 19


def number_in(field: bytes | str | None, absent: int = 0) -> int:
    """A count by the field of a hash; what a foreign hand wrote that is none costs no other job."""
    if field and len(field) < _TOO_LONG and field.isascii() and field.isdigit():
        return int(field)
    return absent


def max_attempts_in(field: bytes | str | None) -> int:
    """The attempts of a job, by the field of its hash."""
    return number_in(field, int(ABSENT["max_attempts"]))


def enqueued_at_in(fields: Mapping[str, Any]) -> Any:
    """Since when a job waits, or waited; None where it did not."""
    enqueued, state = fields.get("enqueued_at"), fields.get("status")
    return enqueued or (fields.get("created_at") if state in _QUEUED_ONCE else None)
