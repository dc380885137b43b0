"""What would become of a job if it were enqueued now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from backend.domain.jobs.plans.twin import Twin


class GatePreview(NamedTuple):
    """A concurrency limit that the job would have to pass."""

    #: ``type:<job type>`` or ``key:<limit key>``.
    gate: str
    most: int
    #: None where Redis could not be asked, and for who is bound to a tenant.
    running: int | None
    waiting: int | None


class GateAhead(NamedTuple):
    """Something that would keep the job from starting now."""

    #: The word that `why` has for it: paused, frozen, breaker_open, limit_full, rate_used_up, …
    code: str
    #: ``paused:…``, ``frozen:…``, ``breaker:…``, ``type:…``, ``key:…``, ``rate:…`` or ``fair:…``; or empty.
    gate: str
    text: str
    #: How many wait there; None where that is not counted.
    waiting: int | None = None
    #: When it lets the job through, as far as a clock says; None: somebody does, or the end of another job.
    opens_at: datetime | None = None


class Forecast(NamedTuple):
    """What stands before a job now, and when it may start."""

    gates: tuple[GateAhead, ...]
    #: As far as gates with a time tell, whoever waits before it in its queue; None: that is not known.
    starts_about: datetime | None


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
    #: How many jobs wait in its queue now; None for who is bound to a tenant.
    ahead: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    #: What would keep it from starting now; None where Redis could not be asked, and late in a large plan.
    gates: tuple[GateAhead, ...] | None = None
    #: When it may start as far as gates tell; None: at nobody's appointed time.
    starts_about: datetime | None = None
    #: The job that would be answered in its place; None: it would be accepted.
    twin: Twin | None = None


class Plan(NamedTuple):
    """Every request looked at, and the token that enqueues them; None while one of them is wrong."""

    jobs: list[JobPreview]
    token: str | None
