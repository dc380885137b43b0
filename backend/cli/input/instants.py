"""Times as people type them: ``10m``, ``7d``, ``2026-02-01T08:00``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.bounds import Bound

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)")


class Duration(click.ParamType[float]):
    """Seconds, or a number with s, m, h, d or w behind it."""

    name = "duration"

    def __init__(self, bound: Bound = bounds.DELAY) -> None:
        self.bound = bound

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds."""
        match = _DURATION.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no duration; say 90, 90s, 10m, 2h or 7d", param, ctx)
        seconds = float(match[1]) * _UNITS[match[2] or "s"]
        if not self.bound.holds(seconds):
            self.fail(f"{value!r} is not {self.bound.words}", param, ctx)
        return seconds


class DurationList(click.ParamType[list[float]]):
    """Several durations with commas between."""

    name = "durations"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[float]:
        """Seconds, each."""
        one = Duration(bounds.RETRY_DELAY)
        return [one.convert(part, param, ctx) for part in str(value).split(",")]


class Instant(click.ParamType[datetime]):
    """A date and time, or a duration counted from now; without a zone a time means UTC."""

    name = "time"

    def __init__(self, *, ahead: bool = False) -> None:
        """Durations are counted back from now, or forward when it is ``ahead``."""
        self._sign = 1 if ahead else -1

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """An aware instant."""
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        match = _DURATION.fullmatch(text)
        if match is not None and match[2]:
            away = timedelta(seconds=DURATION.convert(text, param, ctx))
            return datetime.now(UTC) + self._sign * away
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is no time; say 2h, 7d or 2026-02-01T08:00", param, ctx)
        instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
        try:
            instant.astimezone(UTC)
        except OverflowError:
            self.fail(f"{value!r} is not within the years 1 to 9999, in UTC", param, ctx)
        return instant


DURATION = Duration()
DURATIONS = DurationList()
#: An instant that was, and one that is to come.
INSTANT, COMING = Instant(), Instant(ahead=True)
