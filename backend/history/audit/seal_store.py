"""The seals of job events in Postgres."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from backend.domain.audit.audit_chain import NO_ROWS, ChainHead, Seal, sealed
from backend.domain.audit.seal_walk import SealedStretch
from backend.history.audit.audit_store import kept_head
from backend.history.outbox.caller_session import Execute, in_session
from backend.history.schema.months import month_of

_CHAIN = "job_event_seals"
#: Of one page: to look for the events of a seal takes a while, also where they are few.
_MOST_SEALS = 100


class PostgresSealStore:
    """The `SealStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def seal_next(self, recorded: int | None, delay: float, most: int) -> Seal | None:
        """Seals the next stretch of at most ``most`` events; None when there is nothing to seal."""
        with in_session(None, self._engine) as execute:
            execute("lock_chain", {"chain": _CHAIN})
            number, head_hash, after = execute("seal_tail", {})[0]
            until = _end_of_stretch(execute, after, recorded, delay, most)
            if until is None:
                return None
            events, digest = execute("digest_of_stretch", {"after": after, "until": until})[0]
            stretch = Seal(0, after, until, events, bytes(digest), b"")
            head = ChainHead(number, bytes(head_hash)) if number else NO_ROWS
            seal = sealed(head, stretch)
            execute("append_seal", {name: getattr(seal, name) for name in Seal.__slots__})
            execute("keep_chain_head", {"chain": _CHAIN, "number": seal.number, "hash": seal.hash})
        return seal

    def page(self, after: int, most_events: int) -> list[SealedStretch]:
        """Seals in order, from the one behind number ``after``, beside what their events give today.

        As many as were of ``most_events`` together, and one at least.
        """
        asked = {"after": after, "most": _MOST_SEALS, "most_events": most_events}
        with in_session(None, self._engine) as execute:
            return [_stretch(row) for row in execute("page_of_seals", asked)]

    def head(self) -> ChainHead | None:
        """The head as it was kept apart from the seals; None before the first."""
        with in_session(None, self._engine) as execute:
            return kept_head(execute, _CHAIN)


def _end_of_stretch(
    execute: Execute, after: int, recorded: int | None, delay: float, most: int
) -> int | None:
    bound = execute("seal_bound", {"recorded": recorded, "delay": delay})[0][0]
    first = execute("first_unsealed", {"after": after, "until": bound})[0][0]
    if first is None:
        return None
    last = min(bound, _last_version_of_month(first))
    end = execute("end_of_stretch", {"after": after, "until": last, "most": most})[0][0]
    return int(end)


def _last_version_of_month(version: int) -> int:
    month = month_of(version)
    year, following = month.year + month.month // 12, month.month % 12 + 1
    next_month = datetime(year, following, 1, tzinfo=UTC)
    return (int(next_month.timestamp() * 1000) << 20) - 1


def _stretch(row: tuple[Any, ...]) -> SealedStretch:
    number, after, until, events, digest, previous_hash, seal_hash, *today = row
    seal = Seal(number, after, until, events, bytes(digest), bytes(previous_hash), bytes(seal_hash))
    return SealedStretch(seal, today[0], bytes(today[1]), month_of(until))
