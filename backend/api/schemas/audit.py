"""The audit log as it goes out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from pydantic import Field

from backend.api.schemas.base import Page, PageQuery, Resource
from backend.api.schemas.fields import Instant, Line, ObjectId
from backend.domain.audit.audit import AuditRow
from backend.domain.audit.audit_ports import AuditFilter


class AuditQuery(PageQuery):
    """Which actions; every condition given must hold."""

    actor: Line | None = None
    action: Line | None = None
    affected_id: ObjectId | None = Field(None, description="A job, key or schedule it touched.")
    request_id: ObjectId | None = None
    after: Instant | None = None
    before: Instant | None = None

    def audit_filter(self) -> AuditFilter:
        """The filter, in the domain's words."""
        return AuditFilter(
            actor=self.actor or "",
            action=self.action or "",
            affected_id=self.affected_id or "",
            request_id=self.request_id or "",
            after=self.after,
            before=self.before,
        )


class AuditLine(Resource):
    """One action in its place in the chain."""

    number: int
    at: datetime
    actor: str
    actor_id: str = Field("", description="The key's id, or issuer and subject of a signed token.")
    actor_kind: str
    role: str
    source: str
    channel: str
    action: str
    outcome: str = Field(description="intended, done, refused or failed.")
    object: str
    affected_ids: list[str]
    affected: int
    reason: str
    before: Any
    after: Any
    request_id: str
    trace_id: str
    previous_hash: str
    hash: str

    @classmethod
    def of(cls, row: AuditRow) -> AuditLine:
        """A row as it goes out."""
        known = row.to_dict()
        for name in ("before", "after"):
            known[name] = json.loads(known[name]) if known[name] else None
        return cls(**known)


class AuditPage(Page):
    """Some actions, the newest first."""

    items: list[AuditLine]


class ChainProblemLine(Resource):
    """One place where a chain does not hold."""

    chain: str
    number: int
    problem: str


class AuditVerdictResource(Resource):
    """What a verification found."""

    holds: bool
    rows: int
    seals: int
    events: int
    retired_seals: int = Field(
        description="Seals passed over: no event of theirs is left, and history need not keep them."
    )
    head: str = Field(description="Hash of the last row of the audit log.")
    problems: list[ChainProblemLine]
