"""What an answer means for the job: done, never, or later."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater

_GONE, _SUCCESS, _REDIRECTS, _SERVER_ERRORS = 410, range(200, 300), range(300, 400), range(500, 600)
_LATER = frozenset({408, 425, 429})
_SHOWN = 256


def failure_of(
    status: int, headers: Mapping[str, str], body: bytes, *, origin: str, longest_wait: float
) -> JobSignal | None:
    """How the attempt ends; None for success."""
    words = excerpt(body)
    said = f"{origin} answered {status}" + (f": {words}" if words else "")
    if status in _SUCCESS:
        return None
    if status in _LATER or status in _SERVER_ERRORS:
        return RetryLater(said, delay=asked_wait(headers.get("Retry-After", ""), longest_wait))
    if status == _GONE:
        return PermanentFailure(
            f"{said}; the receiver wants no more of these: take it off the list"
        )
    if status in _REDIRECTS:
        return PermanentFailure(
            f"{origin} answered {status}, a redirect, which is not followed; send to the new address, "
            "or allow some with webhook.redirects"
        )
    return PermanentFailure(said)


def asked_wait(text: str, longest: float) -> float | None:
    """The seconds that a Retry-After header asks for, at most ``longest``; None for none."""
    text = text.strip()
    seconds = float(text[:12]) if text.isascii() and text.isdigit() else _seconds_until(text)
    return min(seconds, longest) if seconds > 0 else None


def _seconds_until(text: str) -> float:
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


def excerpt(body: bytes) -> str:
    """The first characters of an answer as one harmless line."""
    text = body[: _SHOWN * 4].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_SHOWN]
