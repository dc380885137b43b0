"""The arithmetic of the hash chains: a row's hash covers its content and the hash of the row before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from backend.domain.audit.audit import AuditEntry, AuditRow

#: What stands before the first row.
GENESIS = bytes(32)


class ChainHead(NamedTuple):
    """The last row of a chain: what must be kept elsewhere to miss rows that are cut off its end."""

    number: int
    hash: bytes


NO_ROWS = ChainHead(0, GENESIS)


class ChainProblem(NamedTuple):
    """One place where a chain does not hold."""

    chain: str
    number: int
    problem: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The digest of a stretch of job events, in its place in the chain of seals."""

    number: int
    after_version: int
    until_version: int
    events: int
    digest: bytes
    previous_hash: bytes
    hash: bytes = b""


def canonical(fields: Mapping[str, Any]) -> bytes:
    """JSON with sorted names and no spaces, in UTF-8: the same bytes on every machine."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "surrogatepass")


def hash_of_fields(fields: Mapping[str, Any]) -> bytes:
    """The hash of a row given as the JSON shape of exports; ``hash`` itself is left out."""
    covered = {name: value for name, value in fields.items() if name != "hash"}
    return hashlib.sha256(canonical(covered)).digest()


def chained(head: ChainHead, at: datetime, entry: AuditEntry) -> AuditRow:
    """The row that an entry becomes behind ``head``."""
    row = AuditRow(head.number + 1, at, entry, head.hash, b"")
    return replace(row, hash=hash_of_fields(row.to_dict()))


def sealed(head: ChainHead, stretch: Seal) -> Seal:
    """The seal of a stretch behind ``head``."""
    seal = replace(stretch, number=head.number + 1, previous_hash=head.hash)
    return replace(seal, hash=hash_of_seal(seal))


def hash_of_seal(seal: Seal) -> bytes:
    """What the hash of a seal must be."""
    return hash_of_fields(
        {
            "number": seal.number,
            "after_version": seal.after_version,
            "until_version": seal.until_version,
            "events": seal.events,
            "digest": seal.digest.hex(),
            "previous_hash": seal.previous_hash.hex(),
        }
    )


class ChainWalk:
    """Walks a chain row by row and tells where it does not hold.

    ``heads`` were kept apart from the rows, before the walk began; the lowest comes first. After a
    broken link it goes on from the row it found, so that one change is one problem.
    """

    def __init__(self, chain: str, heads: Iterable[ChainHead] = ()) -> None:
        self.chain = chain
        self.head = NO_ROWS
        self._is_head_known = True
        self._kept = iter(heads)
        self._next = next(self._kept, None)
        self._is_anew = False

    def step(self, number: int, previous: bytes, stored: bytes, computed: bytes) -> Iterator[str]:
        """What is wrong with the next row; nothing when it fits."""
        expected = self.head.number + 1
        if number != expected:
            yield f"{_rows(expected, number - 1)} before it removed"
        elif previous != self.head.hash and self._is_head_known:
            yield "it does not follow from the row before it: one of the two was changed or inserted"
        if stored != computed:
            yield "its content is not what was written: changed"
        self.head, self._is_head_known = ChainHead(number, stored), True
        yield from self._beside_kept()

    def _beside_kept(self) -> Iterator[str]:
        """Whether the row is the one that was kept. Of a chain written anew the first row is told."""
        here = list[ChainHead]()
        while self._next and self._next.number <= self.head.number:
            if self._next.number == self.head.number:
                here.append(self._next)
            self._next = next(self._kept, None)
        if not here:
            return
        was_anew, self._is_anew = self._is_anew, any(kept != self.head for kept in here)
        if self._is_anew and not was_anew:
            yield "its hash is not the one that was kept elsewhere: the chain was written anew"

    def pass_over(self) -> int:
        """Goes on behind a row of which nothing can be read; the number that it should have."""
        self.head, self._is_head_known = ChainHead(self.head.number + 1, b""), False
        return self.head.number

    def end(self) -> Iterator[str]:
        """What is missing at the end."""
        if self._next is None:
            return
        last = max((kept.number for kept in self._kept), default=self._next.number)
        yield f"{_rows(self.head.number + 1, last)} at the end removed"


def _rows(first: int, last: int) -> str:
    return f"row {first}" if first == last else f"rows {first} to {last}"


def shortfall(head: ChainHead, kept: ChainHead) -> str:
    """What is wrong with a chain that ends at ``head``, held against a row that was kept elsewhere."""
    if head.number < kept.number:
        return f"it ends at row {head.number}, and row {kept.number} was kept elsewhere"
    if head.number == kept.number and head.hash != kept.hash:
        return f"its row {head.number} is another than the one that was kept elsewhere"
    return ""


def walk_rows(rows: Iterable[AuditRow], walk: ChainWalk) -> Iterator[ChainProblem]:
    """Every problem of a page of audit rows."""
    for row in rows:
        computed = hash_of_fields(row.to_dict())
        for problem in walk.step(row.number, row.previous_hash, row.hash, computed):
            yield ChainProblem(walk.chain, row.number, problem)
