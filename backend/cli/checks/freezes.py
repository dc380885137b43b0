"""Freezes that workers do not know of: the calendar that writes their windows ahead is behind, or dead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from backend.bootstrap.platform import Platform
from backend.cli.checks.finding import Finding, ok, wrong
from backend.domain.errors import InvalidOption, QueueUnavailable
from backend.domain.schedules.freeze import Freeze, FrozenWindow, Window, words_of
from backend.services.schedules.freeze_windows import first_unplanned

_WHAT_TO_DO = (
    "the calendar of tally scheduler writes its windows: start one; if one runs, look at its log"
)


def check_freezes(parts: Platform) -> Iterator[Finding]:
    """Nothing where none was said, and while Redis is away, which is told elsewhere."""
    try:
        freezes, now = parts.broker.freezes, parts.clock.now()
        kept, known = freezes.all(), freezes.windows()
    except QueueUnavailable:
        return
    found = [finding for each in kept for finding in _of(each.freeze, known, now)]
    yield from found
    if kept and not found:
        yield ok("freezes", f"workers know the windows of all {len(kept)} freezes")


def _of(freeze: Freeze, known: Sequence[FrozenWindow], now: datetime) -> Iterator[Finding]:
    try:
        window = first_unplanned(freeze, known, now)
    except InvalidOption as error:
        yield wrong(
            "freeze_unreadable",
            f"the freeze {freeze.name} holds nobody: {error}",
            f"say it anew: tally freezes add {freeze.name}, or lift it: tally freezes lift {freeze.name}",
        )
        return
    if window is not None:
        yield wrong("freeze_not_planned", _words(freeze, window, now), _WHAT_TO_DO)


def _words(freeze: Freeze, window: Window, now: datetime) -> str:
    what, until = words_of(freeze.what), f"{window.ends_at:%Y-%m-%d %H:%M} UTC"
    if window.starts_at <= now:
        return (
            f"{what} should be frozen by {freeze.name} until {until}, and workers do not know: "
            "its jobs start all the same"
        )
    return (
        f"{what} is to be frozen by {freeze.name} from {window.starts_at:%Y-%m-%d %H:%M} UTC "
        f"until {until}, and workers do not know yet"
    )
