"""What a caller who is bound to a tenant is told of a cause: what holds and since when, nothing of others.

Who said so, why and by which command it ends is for operators; how many wait, how many lines there are and
which workers are busy tells of other tenants. The quota of the tenant is its own: all of that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from backend.domain.jobs.pause import Pause
from backend.domain.schedules.freeze import FrozenWindow
from backend.domain.text.length_words import in_units
from backend.services.finding.explanation import Cause
from backend.services.finding.rate_words import whose_rate
from backend.services.health.pause_words import pause_words

Details = Mapping[str, Any]
#: Keys of details that tell of other tenants, or of what operators said.
_WITHHELD = frozenset(
    {
        *(
            "by",
            "reason",
            "freeze",
            "ramp_seconds",
            "error",
            "trips",
            "probing",
            "workers",
            "slots",
        ),
        *("waiting", "before", "units_before", "lines_before", "lines"),
    }
)


def told_to_tenant(cause: Cause, now: datetime) -> Cause:
    """The same cause, in words and details that are the tenant's business."""
    words = _WORDS.get(cause.code)
    if words is None:
        return cause
    told = {name: value for name, value in cause.details.items() if name not in _WITHHELD}
    if cause.code == "fair_turn":
        # By what else a queue may be fair, tenants share a line.
        is_own = cause.details["by"] == "tenant"
        told |= {"by": cause.details["by"], "before": cause.details["before"] if is_own else None}
    return cause._replace(text=words(cause, now), details=told)


def _same(cause: Cause, _: datetime) -> str:
    return cause.text


def _paused(cause: Cause, now: datetime) -> str:
    since = cause.details["since"]
    pause = Pause(cause.details["what"], since=datetime.fromisoformat(since) if since else None)
    return pause_words(pause, now)


def _window(said: Details) -> FrozenWindow:
    begins, ends = (datetime.fromisoformat(said[name]) for name in ("from", "until"))
    return FrozenWindow("", said["what"], begins, ends, said["ramp_seconds"])


def _frozen(cause: Cause, now: datetime) -> str:
    window = _window(cause.details)
    ahead = in_units((window.ends_at - now).total_seconds())
    return f"{window.words} is frozen until {window.ends_at:%Y-%m-%d %H:%M} UTC, in {ahead}"


def _thawing(cause: Cause, now: datetime) -> str:
    window = _window(cause.details)
    over = window.ends_at + timedelta(seconds=window.ramp_seconds)
    ahead = in_units((over - now).total_seconds())
    return f"the freeze of {window.words} is over; what waited comes in turn for {ahead}"


def _away(cause: Cause, now: datetime) -> str:
    since, probe_at = cause.details["since"], cause.details["probe_at"]
    held = f" for {_length(since, now)}" if since else ""
    following = f"; the next try is in {_length(now, probe_at)}" if probe_at else ""
    return f"jobs for {cause.details['destination']} have been held back{held}{following}"


def _length(begin: datetime | str, end: datetime | str) -> str:
    first, last = (
        datetime.fromisoformat(each) if isinstance(each, str) else each for each in (begin, end)
    )
    return in_units(max(0.0, (last - first).total_seconds()))


def _rate(cause: Cause, now: datetime) -> str:
    said = cause.details
    whose = whose_rate(said["gate"].removeprefix("rate:"))
    ahead = _length(now, said["starts_about"])
    most = f"{said['limit']} in {in_units(said['per'])}"
    return f"of {whose} no more than {most} may start: it may start in about {ahead}"


def _turn(cause: Cause, _: datetime) -> str:
    by, key, before = (cause.details[name] for name in ("by", "key", "before"))
    if by != "tenant":
        return f"it waits for the turn of the line of jobs of {by} {key!r}"
    return f"it is number {before + 1} in the line of jobs of tenant {key!r}, whose turn comes"


def _no_worker(cause: Cause, _: datetime) -> str:
    return f"no live worker serves the queue {cause.details['queue']}"


def _busy(_: Cause, __: datetime) -> str:
    return "all workers are busy"


def _overdue(cause: Cause, _: datetime) -> str:
    return f"it was due {in_units(-cause.details['seconds'])} ago, but no scheduler promotes jobs"


_WORDS: Mapping[str, Callable[[Cause, datetime], str]] = {
    "paused": _paused,
    "frozen": _frozen,
    "thawing": _thawing,
    "breaker_open": _away,
    "limit_full": _same,
    "rate_used_up": _rate,
    "fair_turn": _turn,
    "no_worker": _no_worker,
    "workers_busy": _busy,
    "scheduler_missing": _overdue,
}
