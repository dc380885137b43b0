"""What would become of a job if it were enqueued now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple


class GatePreview(NamedTuple):
    """A concurrency limit that the job would have to pass."""

    #: ``type:<job type>`` or ``key:<limit key>``.
    gate: str
    most: int
    #: None where Redis could not be asked.
    running: int | None
    waiting: int | None


@dataclass(frozen=True, slots=True)
class JobPreview:
    """One request, looked at. Durations are seconds."""

    place: int
    is_valid: bool
    #: What is wrong with it: ``code``, ``message`` and details.
    error: Mapping[str, Any] | None = None
    job_type: str = ""
    version: int = 1
    queue: str = ""
    state: str = ""
    #: When it would run at the earliest.
    run_at: datetime | None = None
    expires_at: datetime | None = None
    max_attempts: int = 0
    #: Before each retry, without jitter.
    retry_delays: tuple[float, ...] = ()
    timeout: float = 0.0
    hard_timeout: float = 0.0
    isolation: str = ""
    payload_bytes: int = 0
    limits: tuple[GatePreview, ...] = ()
    #: Whether its queue, lane or type is paused now; None where Redis could not be asked.
    is_paused: bool | None = None
    #: How many jobs wait in its queue now.
    ahead: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


class Plan(NamedTuple):
    """Every request looked at, and the token that enqueues them; None while one of them is wrong."""

    jobs: list[JobPreview]
    token: str | None
