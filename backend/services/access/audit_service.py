"""The audit log: writes what people and tokens do, proves that nothing of it was changed, gives it out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from heapq import merge
from math import isfinite
from typing import Any, NamedTuple

from backend.domain.access.actor import Actor
from backend.domain.audit.audit import ActionOutcome, AuditEntry, AuditRow
from backend.domain.audit.audit_chain import (
    NO_ROWS,
    ChainHead,
    ChainProblem,
    ChainWalk,
    shortfall,
    walk_rows,
)
from backend.domain.audit.audit_ports import AnchorKeeper, AuditFilter, AuditStore, SealStore
from backend.domain.audit.seal_walk import SealWalk
from backend.domain.errors import TallyError
from backend.domain.history.history_retention import RetentionPolicy
from backend.domain.ports import Clock
from backend.domain.text.storable_text import storable_text
from backend.telemetry.logs.redaction import redact

AUDIT_CHAIN, SEAL_CHAIN = "audit_log", "job_event_seals"
#: An action on more objects lists the first so many; all are counted.
_MOST_IDS = 1000
#: Of one page. A seal has no more events than a page may: what could be sealed can be verified.
_ROWS, _EVENTS = 1000, 20_000


class AuditVerdict(NamedTuple):
    """What a verification found."""

    rows: int
    seals: int
    events: int
    #: Seals of which no event is left and whose month retention may drop: whether it did cannot be told.
    retired_seals: int
    head: ChainHead
    problems: list[ChainProblem]

    @property
    def holds(self) -> bool:
        """Whether nothing was changed, removed or inserted."""
        return not self.problems


class AuditService:
    """One row for each action. Raises `HistoryUnavailable`: what cannot be recorded must not be done."""

    def __init__(
        self,
        audit: AuditStore,
        seals: SealStore,
        clock: Clock,
        anchor: AnchorKeeper | None = None,
        retention: RetentionPolicy | None = None,
    ) -> None:
        """``retention``: which months of events may be gone; by default that of the settings' defaults."""
        self._audit = audit
        self._seals = seals
        self._clock = clock
        self._anchor = anchor
        self._retention = retention or RetentionPolicy()

    def record(self, action: str, actor: Actor, **details: Any) -> AuditRow:
        """Adds one row: ``action`` is the name of a right like ``jobs.cancel``.

        Details: ``object``, ``reason``, ``before``, ``after`` (anything JSON; secrets are masked),
        ``affected_ids``, ``affected`` (their number, if it is larger), ``outcome``,
        ``request_id``, ``trace_id`` (by default the actor's).
        """
        return self._audit.append([_entry(action, actor, details)])[0]

    def search(self, wanted: AuditFilter, *, before: int = 0, most: int = 100) -> list[AuditRow]:
        """Rows that a filter takes, the newest first; give the last number as ``before`` for more."""
        return self._audit.search(wanted, before, most)

    def unmatched(self, *, older_than: float = 60.0, most: int = 100) -> list[AuditRow]:
        """Actions that were intended so many seconds ago and whose outcome never came, the oldest first."""
        before = self._clock.now() - timedelta(seconds=older_than)
        return self._audit.unmatched(before, most)

    def verify(self) -> AuditVerdict:
        """Reads both chains from the first row on and recomputes every hash."""
        rows, problems = self._walk_audit()
        seals, sealed_problems = self._walk_seals()
        return AuditVerdict(
            rows.head.number,
            seals.head.number,
            seals.events,
            seals.retired,
            rows.head,
            problems + sealed_problems,
        )

    def behind_anchors(self) -> list[ChainProblem]:
        """Chains that do not reach what was kept of them elsewhere; raises OSError if that is unreadable.

        Only their ends are looked at: `verify` compares every row that was kept.
        """
        chains: dict[str, AuditStore | SealStore] = {
            AUDIT_CHAIN: self._audit,
            SEAL_CHAIN: self._seals,
        }
        return [
            ChainProblem(chain, kept.number, problem)
            for chain, store in chains.items()
            if self._anchor and (kept := self._anchor.highest(chain))
            if (problem := shortfall(store.head() or NO_ROWS, kept))
        ]

    def export(self) -> Iterator[str]:
        """The whole audit log as JSON lines, each with its hash; `audit_export` checks such lines."""
        for row in self._rows():
            yield _json(row.to_dict())

    def _rows(self) -> Iterator[AuditRow]:
        after = 0
        while page := self._audit.page(after, _ROWS):
            yield from page
            after = page[-1].number

    def _walk_audit(self) -> tuple[ChainWalk, list[ChainProblem]]:
        # Heads are read first: rows that come meanwhile are behind them.
        walk = ChainWalk(AUDIT_CHAIN, self._kept(AUDIT_CHAIN, self._audit))
        problems = list(walk_rows(self._rows(), walk))
        return walk, problems + _at_end(walk)

    def _walk_seals(self) -> tuple[SealWalk, list[ChainProblem]]:
        kept_from = (self._clock.now() - self._retention.longest).date()
        walk = SealWalk(SEAL_CHAIN, kept_from, self._kept(SEAL_CHAIN, self._seals))
        problems: list[ChainProblem] = []
        after = 0
        while page := self._seals.page(after, _EVENTS):
            for stretch in page:
                problems += walk.step(stretch)
            after = page[-1].seal.number
        return walk, [*problems, *walk.end()]

    def _kept(self, chain: str, store: AuditStore | SealStore) -> Iterator[ChainHead]:
        head = store.head()
        beside = [head] if head else []
        return merge(beside, self._anchor.kept(chain)) if self._anchor else iter(beside)


def _at_end(walk: ChainWalk) -> list[ChainProblem]:
    return [ChainProblem(walk.chain, walk.head.number, problem) for problem in walk.end()]


def _entry(action: str, actor: Actor, details: Mapping[str, Any]) -> AuditEntry:
    known = {"object", "reason", "request_id", "trace_id"}
    unknown = details.keys() - known - {"outcome", "before", "after", "affected_ids", "affected"}
    if unknown:
        raise TallyError(f"an audit row has no {min(unknown)!r}")
    ids = tuple(map(storable_text, details.get("affected_ids") or ()))
    return AuditEntry(
        action=action,
        actor=_named(actor.without_request),
        outcome=ActionOutcome(details.get("outcome", ActionOutcome.DONE)),
        before=_masked(details.get("before")),
        after=_masked(details.get("after")),
        affected_ids=ids[:_MOST_IDS],
        affected=max(len(ids), details.get("affected") or 0),
        **{
            "request_id": storable_text(actor.request_id),
            "trace_id": storable_text(actor.trace_id),
            **{name: storable_text(details[name]) for name in known & details.keys()},
        },
    )


def _named(actor: Actor) -> Actor:
    return replace(
        actor,
        name=storable_text(actor.name),
        role=storable_text(actor.role),
        source=storable_text(actor.source),
        id=storable_text(actor.id),
    )


def _masked(value: Any) -> str:
    return "" if value is None else _json(_without_secrets(value))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        named = {str(name): _without_secrets(inner) for name, inner in value.items()}
        return dict(redact(None, "", named))
    if isinstance(value, list | tuple):
        return [_without_secrets(inner) for inner in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
