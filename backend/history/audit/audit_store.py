"""The audit log in Postgres. Writers come one after another, each behind the row before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from backend.domain.access.actor import Actor, ActorKind, Channel
from backend.domain.audit.audit import ActionOutcome, AuditEntry, AuditRow
from backend.domain.audit.audit_chain import NO_ROWS, ChainHead, chained
from backend.domain.audit.audit_ports import AuditFilter
from backend.history.outbox.caller_session import Execute, in_session

_CHAIN = "audit_log"


class PostgresAuditStore:
    """The `AuditStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, entries: Sequence[AuditEntry]) -> list[AuditRow]:
        """Adds rows to the end of the chain, one writer after the other."""
        with in_session(None, self._engine) as execute:
            execute("lock_chain", {"chain": _CHAIN})
            number, head_hash, at = execute("audit_tail", {})[0]
            head = ChainHead(number, bytes(head_hash)) if number else NO_ROWS
            rows = []
            for entry in entries:
                rows.append(chained(head, at.astimezone(UTC), entry))
                head = ChainHead(rows[-1].number, rows[-1].hash)
                execute("append_audit_row", _values_of(rows[-1]))
            execute("keep_chain_head", {"chain": _CHAIN, "number": head.number, "hash": head.hash})
        return rows

    def page(self, after: int, most: int) -> list[AuditRow]:
        """Rows in order, from the one behind number ``after``."""
        return self._rows("page_of_audit", after=after, most=most)

    def search(self, wanted: AuditFilter, before: int, most: int) -> list[AuditRow]:
        """Rows that a filter takes, the newest first, below number ``before`` (0: from the newest)."""
        values = wanted._asdict()
        values["since"], values["until"] = values.pop("after"), values.pop("before")
        return self._rows("search_audit", **values, below=before, most=most)

    def unmatched(self, older_than: datetime, most: int) -> list[AuditRow]:
        """Actions that were intended before an instant and whose outcome never came."""
        return self._rows("unmatched_audit", older_than=older_than, most=most)

    def head(self) -> ChainHead | None:
        """The head as it was kept apart from the rows; None before the first."""
        with in_session(None, self._engine) as execute:
            return kept_head(execute, _CHAIN)

    def _rows(self, name: str, **values: Any) -> list[AuditRow]:
        with in_session(None, self._engine) as execute:
            return [_row(found) for found in execute(name, values)]


def kept_head(execute: Execute, chain: str) -> ChainHead | None:
    """The head of a chain as it was kept apart from the chain."""
    rows = execute("chain_head", {"chain": chain})
    return ChainHead(rows[0][0], bytes(rows[0][1])) if rows else None


def _values_of(row: AuditRow) -> dict[str, Any]:
    entry, actor = row.entry, row.entry.actor
    return {
        "number": row.number,
        "at": row.at,
        "actor": actor.name,
        "actor_id": actor.id or None,
        "actor_kind": actor.kind.value,
        "role": actor.role or None,
        "source": actor.source or None,
        "channel": actor.channel.value,
        "action": entry.action,
        "outcome": entry.outcome.value,
        "object": entry.object,
        "affected_ids": list(entry.affected_ids),
        "affected": entry.affected,
        "reason": entry.reason or None,
        "before": entry.before or None,
        "after": entry.after or None,
        "request_id": entry.request_id or None,
        "trace_id": entry.trace_id or None,
        "previous_hash": row.previous_hash,
        "hash": row.hash,
    }


def _row(found: tuple[Any, ...]) -> AuditRow:
    number, at, actor, actor_id, kind, role, source, channel, *rest = found
    action, outcome, thing, ids, affected, *rest = rest
    reason, before, after, request_id, trace_id, previous_hash, row_hash = rest
    entry = AuditEntry(
        action=action,
        actor=Actor(
            actor,
            role or "",
            source or "",
            kind=ActorKind(kind),
            channel=Channel(channel),
            id=actor_id or "",
        ),
        object=thing,
        outcome=ActionOutcome(outcome),
        reason=reason or "",
        before=before or "",
        after=after or "",
        affected_ids=tuple(ids),
        affected=affected,
        request_id=request_id or "",
        trace_id=trace_id or "",
    )
    return AuditRow(number, at.astimezone(UTC), entry, bytes(previous_hash), bytes(row_hash))
