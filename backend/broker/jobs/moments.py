"""Times as Redis keeps them, made instants. Jobs accepted before there were bounds may carry any."""

from __future__ import annotations

from datetime import UTC, datetime

#: A year less than Python's calendar has, so that every time zone can show it.
LAST = datetime(9999, 1, 1, tzinfo=UTC)
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = int(LAST.timestamp() * 1000)


def moment(seconds: float) -> datetime:
    """An instant of Unix seconds; the last one for what no calendar has."""
    if seconds >= _LAST_MS / 1000:
        return LAST
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else _FIRST


def due_ms_of(text: bytes | str) -> int:
    """Unix milliseconds as a step printed them, 0 for none. Lua writes like 1e+15 what is far ahead."""
    try:
        return int(text or 0)
    except ValueError:
        return int(min(float(text), _LAST_MS))
