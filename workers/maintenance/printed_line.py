"""A line on standard output that cannot pass for several."""

from __future__ import annotations

from datetime import datetime


def printed_line(message: str, now: datetime) -> str:
    """``[2026-01-02 12:34:56] message``, with what would break the line written as an escape."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
    return f"[{now:%Y-%m-%d %H:%M:%S}] {safe}"
