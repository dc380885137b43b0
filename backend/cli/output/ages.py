"""Times as people read them: ``3m 12s`` ago, and instants to the second."""

from __future__ import annotations

from datetime import UTC, datetime

_STEPS = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def length(seconds: float | None) -> str:
    """Two units at most: ``3m 12s``, ``1.2s``, ``8ms``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f}ms"
    if seconds < 10:  # noqa: PLR2004 - below that a tenth of a second tells something
        return f"{seconds:.1f}s"
    rest, words = int(seconds), []
    for size, unit in _STEPS:
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count}{unit}")
    return " ".join(words[:2])


def age(instant: datetime | None) -> str:
    """How long ago; empty for None."""
    return "" if instant is None else length((datetime.now(UTC) - instant).total_seconds())


def moment(instant: datetime | None) -> str:
    """The instant in UTC, to the second; empty for None."""
    return "" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
