"""How long a server asks to be left alone: the header Retry-After of RFC 9110, 10.2.3. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

from backend.domain.jobs.attempts.leaves import leaves_of
from backend.domain.jobs.attempts.retry_rules import Failure
from backend.domain.jobs.options.bounds import OUTCOME_DELAY


def retry_after(failure: Failure) -> float | None:
    """A ``when`` for `Retry`: tries again when the server said, by the policy where it said nothing.

    Finds the header where requests, httpx (``error.response``) and urllib (``error.headers``) keep it; of
    a group the longest wait.
    """
    asked = (asked_by(leaf) for leaf in leaves_of(failure.exception))
    waits = [seconds for seconds in asked if seconds is not None]
    return min(max(waits), OUTCOME_DELAY.most) if waits else None


def seconds_asked(header: str, now: datetime | None = None) -> float | None:
    """What one Retry-After says, seconds or a date; None for neither and for what is over."""
    text = header.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return float(text[:12])
    try:
        instant = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    left = (aware - (now or datetime.now(UTC))).total_seconds()
    return left if left > 0 else None


def asked_by(raised: BaseException) -> float | None:
    """Seconds that the answer in one exception asks for; None for none."""
    headers = getattr(getattr(raised, "response", raised), "headers", None)
    # urllib's is a `Message`, which is like a mapping and none.
    found = headers.get("Retry-After") if isinstance(headers, Mapping | Message) else None
    return seconds_asked(found) if isinstance(found, str) else None
