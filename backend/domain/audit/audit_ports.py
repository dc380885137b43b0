"""What the audit needs of the record. Every method raises HistoryUnavailable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from backend.domain.audit.audit import AuditEntry, AuditRow
from backend.domain.audit.audit_chain import ChainHead, Seal
from backend.domain.audit.seal_walk import SealedStretch


class AuditFilter(NamedTuple):
    """Which rows are meant; every condition given must hold."""

    actor: str = ""
    action: str = ""
    affected_id: str = ""
    request_id: str = ""
    after: datetime | None = None
    before: datetime | None = None


class AuditStore(Protocol):
    """The audit log."""

    def append(self, entries: Sequence[AuditEntry]) -> list[AuditRow]:
        """Adds rows to the end of the chain, one writer after the other."""

    def page(self, after: int, most: int) -> list[AuditRow]:
        """Rows in order, from the one behind number ``after``."""

    def search(self, wanted: AuditFilter, before: int, most: int) -> list[AuditRow]:
        """Rows that a filter takes, the newest first, below number ``before``."""

    def unmatched(self, older_than: datetime, most: int) -> list[AuditRow]:
        """Actions that were intended before an instant and whose outcome never came."""

    def head(self) -> ChainHead | None:
        """The head as it was kept apart from the rows; None before the first."""


class SealStore(Protocol):
    """The seals of job events."""

    def seal_next(self, recorded: int | None, delay: float, most: int) -> Seal | None:
        """Seals the next stretch of at most ``most`` events; None when there is nothing to seal.

        Only events up to version ``recorded`` (None: all) and older than ``delay`` seconds: no event
        may come later into a stretch that was sealed. A stretch ends with its month, so that
        months can be dropped.
        """

    def page(self, after: int, most_events: int) -> list[SealedStretch]:
        """Seals in order, from the one behind number ``after``, beside what their events give today.

        As many as were of ``most_events`` together, and one at least: what takes the time are events.
        """

    def head(self) -> ChainHead | None:
        """The head as it was kept apart from the seals; None before the first."""


class AnchorKeeper(Protocol):
    """A place that the owner of the database cannot write."""

    def keep(self, chain: str, head: ChainHead) -> None:
        """Remembers how far a chain has come; raises OSError where it cannot."""

    def kept(self, chain: str) -> Iterator[ChainHead]:
        """Every head of a chain that was kept until now, the lowest first; raises OSError."""

    def highest(self, chain: str) -> ChainHead | None:
        """The head of a chain that came furthest; None when none was kept. Raises OSError."""
