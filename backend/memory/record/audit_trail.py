"""The audit log in memory: what people and programs did, for as long as the process lives."""

from __future__ import annotations

from typing import Any, NamedTuple

from backend.domain.access.actor import Actor


class MemoryEntry(NamedTuple):
    """One row."""

    action: str
    actor: Actor
    details: dict[str, Any]


class MemoryAuditTrail:
    """The `AuditTrail` in memory."""

    def __init__(self) -> None:
        self.entries: list[MemoryEntry] = []

    def record(self, action: str, actor: Actor, **details: Any) -> MemoryEntry:
        """Adds one row to the end of the log."""
        entry = MemoryEntry(action, actor, details)
        self.entries.append(entry)
        return entry
