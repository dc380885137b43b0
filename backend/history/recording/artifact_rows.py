"""The files that jobs produced, as their results tell of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from backend.domain.history.artifact_mentions import mentions_in
from backend.domain.jobs.job_event import EventKind, JobEvent

#: Handlers put them anywhere in their results, but not at any depth.
_DEEPEST = 4
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def artifacts_in(events: Iterable[JobEvent]) -> list[dict[str, Any]]:
    """Rows for ``artifacts``. What only looks like one is left alone: no row may spoil its batch."""
    return [
        found
        for event in events
        if event.kind == EventKind.FINISHED and '"sha256"' in event.body
        for found in mentions_in(json.loads(event.body), _DEEPEST)
        if _is_sound(found) and found.get("job_id") == event.job_id
    ]


def _is_sound(found: dict[str, Any]) -> bool:
    try:
        texts = [str(found[name]) for name in ("name", "media_type", "location")]
        return (
            all(texts)
            and not any("\0" in text for text in texts)
            and _ID.fullmatch(found["id"]) is not None
            and _SHA256.fullmatch(found["sha256"]) is not None
            and 0 <= int(found["size_bytes"]) < 1 << 63
            and 1 <= int(found["attempt"]) < 1 << 31
            and all(_is_instant(found[name]) for name in ("created_at", "expires_at"))
        )
    except (KeyError, TypeError, ValueError):
        return False


def _is_instant(text: str | None) -> bool:
    return text is None or datetime.fromisoformat(text).tzinfo is not None
