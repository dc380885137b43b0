"""The audit log: who did what, and the proof that nothing of it was changed."""

from __future__ import annotations

from backend.api.http.answer import Answer
from backend.api.http.operation import Router
from backend.api.http.paging import with_links
from backend.api.request.request_context import Call
from backend.api.schemas.audit import (
    AuditLine,
    AuditPage,
    AuditQuery,
    AuditVerdictResource,
    ChainProblemLine,
)
from backend.domain.errors import InvalidOption

router = Router("audit", "Audit")


@router.get("/api/audit")
def search(call: Call, query: AuditQuery) -> Answer[AuditPage]:
    """Actions of people, tokens and the system, the newest first."""
    rows = call.parts.audit.search(
        query.audit_filter(), before=_number(query.cursor), most=query.limit
    )
    following = str(rows[-1].number) if len(rows) == query.limit else None
    page = AuditPage(items=[AuditLine.of(row) for row in rows], next_cursor=following)
    return with_links(page, query)


@router.post("/api/audit/verify")
def verify(call: Call) -> AuditVerdictResource:
    """Reads both hash chains from the first row on and recomputes every hash. Takes its time."""
    verdict = call.parts.audit.verify()
    return AuditVerdictResource(
        holds=verdict.holds,
        rows=verdict.rows,
        seals=verdict.seals,
        events=verdict.events,
        retired_seals=verdict.retired_seals,
        head=verdict.head.hash.hex(),
        problems=[ChainProblemLine(**each._asdict()) for each in verdict.problems],
    )


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18 or int(cursor) < 1:  # noqa: PLR2004
        raise InvalidOption(f"{cursor!r} is not the cursor of a page", field="cursor")
    return int(cursor)
