"""The refusal of a key or an id that a job of another tenant has: nothing of that job is told."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.errors import IdempotencyConflict


def taken_name(asked_id: str | None = None, accepted: Sequence[str] = ()) -> IdempotencyConflict:
    """Not whose it is nor since when, and no id but the one that was asked for."""
    named = {"job_id": asked_id} if asked_id else {}
    return IdempotencyConflict(
        f"this {'job id' if asked_id else 'key or job id'} cannot be used: it is taken; nothing was "
        "enqueued for it. Use a new one for a new job",
        **named,
        accepted=list(accepted),
    )
