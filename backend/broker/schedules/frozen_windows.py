"""Windows of freezes as `_freezes.lua` keeps them."""

from __future__ import annotations

from collections.abc import Iterable

from backend.broker.jobs.moments import moment
from backend.domain.schedules.freeze import FrozenWindow


def windows_in(pairs: Iterable[tuple[bytes, float]]) -> list[FrozenWindow]:
    """Of pairs of a member and the millisecond at which it begins; what is none of ours is left out."""
    windows = (_window(member.decode(), from_ms) for member, from_ms in pairs)
    return [window for window in windows if window is not None]


def _window(member: str, from_ms: float) -> FrozenWindow | None:
    try:
        what, until, ramp, name = member.split("\x1f")
        ends = moment(int(until) / 1000)
        return FrozenWindow(name, what, moment(from_ms / 1000), ends, int(ramp) / 1000)
    except ValueError:
        return None
