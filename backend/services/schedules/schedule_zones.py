"""Time zones by their IANA names, and the instants at which their clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from backend.domain.errors import InvalidOption
from backend.domain.text.nearest_name import suggestion

#: No zone changes its clocks twice within this time and back to where they were.
_STRIDE = timedelta(hours=12)
_SECOND = timedelta(seconds=1)


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(name: str) -> ZoneInfo:
    """The zone of this name; raises `InvalidOption` naming the nearest one."""
    if not isinstance(name, str) or name not in _names():
        # People write abbreviations and other cases; both stand for more than one zone.
        near = suggestion(str(name), _names())
        raise InvalidOption(
            f"there is no time zone {name!r}{near}; use a name like Europe/Berlin or UTC",
            field="time_zone",
        )
    return ZoneInfo(name)


def wall_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of a zone show at an instant, without the zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def first_change(zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """The first instant in ``(after, until]`` at which the clocks are changed; None: none is."""
    before = after
    while before < until:
        end = min(before + _STRIDE, until)
        if offset_at(end, zone) != offset_at(before, zone):
            return _bisected(zone, before, end)
        before = end
    return None


def _bisected(zone: ZoneInfo, before: datetime, at: datetime) -> datetime:
    """The change between two instants, to the second: clocks are changed at whole ones."""
    before, at = before.replace(microsecond=0), at.replace(microsecond=0)
    was = offset_at(before, zone)
    while at - before > _SECOND:
        middle = before + ((at - before) // _SECOND // 2) * _SECOND
        before, at = (middle, at) if offset_at(middle, zone) == was else (before, middle)
    return at


def offset_at(instant: datetime, zone: ZoneInfo) -> timedelta:
    """How far the clocks of a zone are ahead of UTC at an instant."""
    offset = instant.astimezone(zone).utcoffset()
    return timedelta() if offset is None else offset


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a time on the wall: of two the earlier; of none the next there is.

    Where clocks are put forward over ``wall``, that is the instant at which they are.
    """
    here = wall.replace(tzinfo=zone, fold=0)
    instant = here.astimezone(UTC)
    if wall_clock(instant, zone) == wall:
        return instant
    # In a gap: read with the offset after it, the wall time lies before the change.
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return first_change(zone, early, instant) or instant
