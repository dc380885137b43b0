"""The terms that a job was accepted on: the one place that reads them from its options.

There they say what differs from the job's type, and what history needs to make the job again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.options.unique import UniqueScope, scope_in


class JobTerms(NamedTuple):
    """Durations are seconds; None and empty where the job says nothing of its own."""

    retry_delays: tuple[float, ...] | None = None
    jitter: float | None = None
    timeout: float | None = None
    result_ttl: int | None = None
    expires_at: datetime | None = None
    idempotency_key: str = ""
    idempotency_window: float | None = None
    limit_key: str = ""
    limit: int = 0
    scope: UniqueScope | None = None
    #: Whether it keeps its place of ``limit_key`` until it has ended.
    hold: bool = False
    #: What a start takes of the rates that hold it, as `rate_share` reads it; empty for one of its type's.
    rate_share: str = ""
    #: Where it is bound for, if a breaker watches that.
    destination: str = ""

    def retry_policy(self, max_attempts: int) -> RetryPolicy:
        """The policy that was fixed when the job was enqueued."""
        default = RetryPolicy()
        return RetryPolicy(
            default.delays if self.retry_delays is None else self.retry_delays,
            max_attempts - 1,
            default.jitter if self.jitter is None else self.jitter,
        )


def terms_of(options: Mapping[str, Any]) -> JobTerms:
    """The terms among the options that a job carries."""
    said = options.get
    delays, expires_at = said("retry_delays"), said("expires_at")
    return JobTerms(
        None if delays is None else tuple(delays),
        said("jitter"),
        _number(said("timeout")),
        None if (ttl := said("result_ttl")) is None else int(ttl),
        datetime.fromisoformat(expires_at) if expires_at else None,
        said("idempotency_key") or "",
        _number(said("idempotency_window")),
        said("limit_key") or "",
        int(said("limit") or 0),
        scope_in(said("scope") or ""),
        bool(said("hold")),
        said("rate_share") or "",
        said("destination") or "",
    )


def said_of_scope(options: Mapping[str, Any]) -> dict[str, Any]:
    """What a job's call said of which jobs are the same."""
    return {name: options[name] for name in ("unique", "unique_by") if name in options}


def terms_in(options: str | bytes) -> JobTerms:
    """The terms in options as JSON."""
    return terms_of(json.loads(options)) if len(options) > len("{}") else JobTerms()


def _number(said: Any) -> float | None:
    return None if said is None else float(said)
