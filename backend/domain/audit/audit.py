"""Who did what, from where, why, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from backend.domain.access.actor import Actor


class ActionOutcome(StrEnum):
    """What became of an action."""

    #: Written before Redis carries an action out; its outcome follows under the same request id.
    INTENDED = "intended"
    DONE = "done"
    #: Not allowed, or not possible.
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One action, before it has its place in the chain."""

    action: str
    actor: Actor
    #: What was acted on: ``job:<id>``, ``queue:high``, ``schedule:<name>``…
    object: str = ""
    outcome: ActionOutcome = ActionOutcome.DONE
    reason: str = ""
    #: JSON texts; empty: nothing to tell.
    before: str = ""
    after: str = ""
    #: The first of those affected; ``affected`` counts all.
    affected_ids: tuple[str, ...] = ()
    affected: int = 0
    request_id: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One action in its place in the chain."""

    number: int
    at: datetime
    entry: AuditEntry
    previous_hash: bytes
    hash: bytes

    def to_dict(self) -> dict[str, Any]:
        """The JSON shape of exports; it holds all that the hash covers."""
        entry, actor = self.entry, self.entry.actor
        return {
            "number": self.number,
            "at": self.at.isoformat(timespec="microseconds"),
            "actor": actor.name,
            # Rows of before it was kept are without, and so are their hashes.
            **({"actor_id": actor.id} if actor.id else {}),
            "actor_kind": actor.kind.value,
            "role": actor.role,
            "source": actor.source,
            "channel": actor.channel.value,
            "action": entry.action,
            "outcome": entry.outcome.value,
            "object": entry.object,
            "affected_ids": list(entry.affected_ids),
            "affected": entry.affected,
            "reason": entry.reason,
            "before": entry.before,
            "after": entry.after,
            "request_id": entry.request_id,
            "trace_id": entry.trace_id,
            "previous_hash": self.previous_hash.hex(),
            "hash": self.hash.hex(),
        }
