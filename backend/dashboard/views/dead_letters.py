"""The dead-letter queue: what died of what, and one by one."""

from __future__ import annotations

from typing import NamedTuple

from flask import Response

from backend.api.http.problem import told_of
from backend.api.schemas.dead_letters import DeadQuery
from backend.dashboard.drawing.wording import count
from backend.dashboard.request.filter_names import FILTER_NAMES
from backend.dashboard.request.page_context import Visit
from backend.dashboard.request.routes import Routes
from backend.domain.errors import MigrationError, Unavailable
from backend.domain.history.queue_flow import DeadGroup, DeadGroupFilter
from backend.domain.jobs.queue_name import queues_of
from backend.services.finding.dead_letters import DeadPage

routes = Routes()
_FILTERS = ("type", "queue", "error", "kind", "after", "before")
#: Dead jobs that are grouped: what died of one cause died together.
_NEWEST, _MOST_GROUPS, _MOST_SHOWN = 5000, 5000, 100


class _Groups(NamedTuple):
    """Groups of dead jobs, and what is to be said about where they come from."""

    groups: list[DeadGroup]
    remark: str


@routes.page("/dead", "dlq.list_dead", has_filter=True)
def dead(visit: Visit) -> Response:
    """Groups by kind of error and type, then the jobs themselves."""
    asked = visit.asked(*_FILTERS)
    query = DeadQuery.model_validate(
        {
            **{FILTER_NAMES[name]: value for name, value in asked.items()},
            "limit": visit.settings.page_size,
        }
    )
    page, away = _page(visit, query)
    return visit.show(
        "dead.html",
        page=page,
        away=away,
        asked=asked,
        found=_groups(visit, page, query),
        lines=[(visit.call.app_state.resources.line(job), at) for job, at in page.jobs],
        is_first="cursor" not in visit.query,
        types=[kind.name for kind in visit.parts.catalogue],
        queues=[str(name) for name in queues_of(visit.parts.catalogue.lanes())],
    )


def _page(visit: Visit, query: DeadQuery) -> tuple[DeadPage, str]:
    try:
        wanted, cursor = query.job_filter(None), visit.query.get("cursor")
        return visit.parts.dead_letters.page(wanted, query.limit, cursor), ""
    except Unavailable as error:
        return DeadPage([], None, 0), told_of(error)


def _groups(visit: Visit, page: DeadPage, query: DeadQuery) -> _Groups:
    wanted = DeadGroupFilter(query.queue or "", query.error or "", query.after, query.before)
    try:
        groups = visit.fresh.get(
            ("dead", wanted), lambda: visit.flow.dead_groups(_NEWEST, _MOST_GROUPS, wanted)
        )
    except (Unavailable, MigrationError):
        return _Groups(
            _of_page(page), "Postgres does not answer: grouped from the jobs below only."
        )
    kept = [
        group
        for group in groups
        if query.job_type in {None, group.job_type} and query.error_kind in {None, group.error_kind}
    ]
    remarks = [f"Grouped from the newest {count(_NEWEST)}."] if page.total > _NEWEST else []
    if len(kept) > _MOST_SHOWN:
        remarks.append(
            f"The first {_MOST_SHOWN} of {count(len(kept))} groups; filter to see others."
        )
    return _Groups(kept[:_MOST_SHOWN], " ".join(remarks))


def _of_page(page: DeadPage) -> list[DeadGroup]:
    """The same from what is shown, while the record cannot be asked."""
    groups: dict[tuple[str, str], DeadGroup] = {}
    for job, at in page.jobs:
        kind = job.error.error if job.error else ""
        message = job.error.message if job.error else ""
        known = groups.get((kind, job.job_type))
        newest = known or DeadGroup(kind, job.job_type, 0, at, at, job.id, f"{kind}: {message}")
        groups[kind, job.job_type] = newest._replace(jobs=newest.jobs + 1, first_at=at)
    return sorted(groups.values(), key=lambda group: -group.jobs)
