"""Proves without a database that exported lines of the audit log are what was written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from backend.domain.audit.audit_chain import ChainProblem, ChainWalk, hash_of_fields
from backend.services.access.audit_service import AUDIT_CHAIN

#: What comes of a line that is no row: cut off, edited, of another file.
_NO_ROW = (ValueError, KeyError, TypeError, RecursionError)


class ExportVerdict(NamedTuple):
    """What the lines of a file came to."""

    rows: int
    #: The number of the last row: what was cut off behind it nobody can see in the file.
    last: int
    problems: list[ChainProblem]


class _Row(NamedTuple):
    number: int
    previous: bytes
    stored: bytes
    computed: bytes


def verify_export(lines: Iterable[str]) -> ExportVerdict:
    """Every place where they do not hold together. A line that cannot be read is one of them."""
    walk = ChainWalk(AUDIT_CHAIN)
    problems: list[ChainProblem] = []
    rows = 0
    for at, line in enumerate(lines, 1):
        if not line.strip():
            continue
        rows += 1
        try:
            row = _row(json.loads(line))
        except _NO_ROW:
            problem = f"line {at} cannot be read: it was changed, or cut off"
            problems.append(ChainProblem(AUDIT_CHAIN, walk.pass_over(), problem))
            continue
        found = walk.step(*row)
        problems += [ChainProblem(AUDIT_CHAIN, row.number, problem) for problem in found]
    return ExportVerdict(rows, walk.head.number, problems)


def _row(fields: dict[str, Any]) -> _Row:
    number = fields["number"]
    if type(number) is not int:
        raise TypeError("a row is numbered")
    previous, stored = bytes.fromhex(fields["previous_hash"]), bytes.fromhex(fields["hash"])
    return _Row(number, previous, stored, hash_of_fields(fields))
