"""How it is now, how it was, and what a person should look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Response

from backend.api.http.problem import told_of
from backend.dashboard.drawing.queue_rows import queue_rows
from backend.dashboard.drawing.sign_links import lead_of
from backend.dashboard.drawing.trends import STRETCHES, look_back
from backend.dashboard.request.page_context import Visit
from backend.dashboard.request.routes import Routes
from backend.domain.errors import MigrationError, Unavailable

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
    service = visit.parts.overview
    live, live_away = _attempt(lambda: fresh.get("live", service.overview))
    past, past_away = _attempt(
        lambda: fresh.get(
            (chosen, queue),
            lambda: look_back(
                stretch, queue, now, flow=flow, depths=service.depths, history=history
            ),
            _PAST_FRESH,
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
        rows=queue_rows(live, past),
        lead_of=lead_of,
        now=now,
    )


def _attempt(make: Callable[[], T]) -> tuple[T | None, str]:
    """What a store says, or why it says nothing: the other one's half of the page is shown anyhow."""
    try:
        return make(), ""
    except (Unavailable, MigrationError) as error:
        return None, told_of(error)
