"""The files that jobs produced, as their results tell of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from backend.domain.history.artifact_mentions import mentions_in
from backend.domain.jobs.job_event import EventKind, JobEvent

#: Handlers put them anywhere in their results, but not at any depth.
_DEEPEST = 4
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
#: No place is told twice, and what is longer does not fit into an index of Postgres.
_MOST_LOCATION_BYTES = 2000
_INTEGER, _BIGINT = 1 << 31, 1 << 63


class _NoArtifact(Exception):
    """It only looks like one."""


def artifacts_in(events: Iterable[JobEvent]) -> list[dict[str, Any]]:
    """Rows for ``artifacts``. What only looks like one is left alone: no row may spoil its batch."""
    return [
        row
        for event in events
        if event.kind == EventKind.FINISHED and '"sha256"' in event.body
        for found in _mentions(event.body)
        if found.get("job_id") == event.job_id and (row := _row(found)) is not None
    ]


def _mentions(body: str) -> Iterable[dict[str, Any]]:
    """None in what Python cannot read; whether that is a result at all Postgres says."""
    try:
        return list(mentions_in(json.loads(body), _DEEPEST))
    except (ValueError, RecursionError):
        return ()


def _row(found: dict[str, Any]) -> dict[str, Any] | None:
    """Made of what was checked alone: nothing else of a result reaches Postgres by this way."""
    try:
        return {
            "id": _matching(_ID, found["id"]),
            "job_id": _text(found["job_id"]),
            "attempt": _number(found["attempt"], 1, _INTEGER),
            "name": _text(found["name"]),
            "media_type": _text(found["media_type"]),
            "size_bytes": _number(found["size_bytes"], 0, _BIGINT),
            "sha256": _matching(_SHA256, found["sha256"]),
            "location": _text(found["location"], _MOST_LOCATION_BYTES),
            "created_at": _instant(found["created_at"]),
            "expires_at": _instant(found["expires_at"]),
            "tenant": _text(found["tenant"]) if found.get("tenant") not in (None, "") else None,
        }
    except (_NoArtifact, KeyError, TypeError, ValueError, OverflowError):
        return None


def _text(value: Any, most_bytes: int | None = None) -> str:
    """Half a surrogate pair, which no encoding has, raises ValueError here."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise _NoArtifact
    size_bytes = len(value.encode())
    if most_bytes is not None and size_bytes > most_bytes:
        raise _NoArtifact
    return value


def _matching(pattern: re.Pattern[str], value: str) -> str:
    if pattern.fullmatch(value) is None:
        raise _NoArtifact
    return value


def _number(value: Any, least: int, beyond: int) -> int:
    """An integer from ``least`` on and below ``beyond``; a boolean is none here."""
    if type(value) is not int or not least <= value < beyond:
        raise _NoArtifact
    return value


def _instant(value: Any) -> str | None:
    """As Postgres reads it: Python knows more ways to write one, and zones to the microsecond."""
    if value is None:
        return None
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise _NoArtifact
    return instant.astimezone(UTC).isoformat()
