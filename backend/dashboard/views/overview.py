"""How it is now, how it was, and what a person should look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Response

from backend.dashboard.past import STRETCHES, look_back
from backend.dashboard.routes import Routes
from backend.dashboard.visit import Visit
from backend.domain.errors import MigrationError, Unavailable
from backend.domain.schedule_view import ScheduleView

routes = Routes()
T = TypeVar("T")
#: Seconds for which all who look share one answer about the past.
_PAST_FRESH = 5.0


@routes.page("", "metrics.overview")
def overview(visit: Visit) -> Response:
    """Queues, rates, percentiles, signs, and whether the books balance."""
    chosen = visit.query.get("range", "hour")
    chosen = chosen if chosen in STRETCHES else "hour"
    stretch, queue, now = STRETCHES[chosen], visit.query.get("queue", ""), visit.parts.clock.now()
    fresh, flow, history = visit.fresh, visit.flow, visit.parts.history
    live, live_away = _attempt(lambda: fresh.get("live", visit.parts.overview.overview))
    past, past_away = _attempt(
        lambda: fresh.get(
            (chosen, queue),
            lambda: look_back(stretch, queue, now, flow=flow, history=history),
            _PAST_FRESH,
        )
    )
    overdue, _ = _attempt(
        lambda: fresh.get(
            "overdue", lambda: visit.parts.schedules.list_all(overdue=True), _PAST_FRESH
        )
    )
    return visit.show(
        "overview.html",
        stretches=STRETCHES,
        chosen=chosen,
        stretch=stretch,
        queue=queue,
        live=live,
        live_away=live_away,
        past=past,
        past_away=past_away,
        overdue=overdue or [],
        now=now,
    )


def _overdue(visit: Visit) -> list[ScheduleView]:
    return visit.parts.schedules.list_all(overdue=True)


def _attempt(make: Callable[[], T]) -> tuple[T | None, str]:
    """What a store says, or why it says nothing: the other one's half of the page is shown anyhow."""
    try:
        return make(), ""
    except (Unavailable, MigrationError) as error:
        return None, str(error)
