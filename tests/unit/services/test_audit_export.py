"""Exported lines of the audit log that somebody damaged are named, whatever he did to them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from backend.domain.access.actor import Actor
from backend.domain.audit.audit import AuditEntry
from backend.domain.audit.audit_chain import NO_ROWS, ChainHead, chained
from backend.services.access.audit_export import verify_export

_HASH = '"hash":"'


@pytest.fixture
def lines() -> list[str]:
    """Six rows as they are exported."""
    head, found = NO_ROWS, []
    for number in range(6):
        entry = AuditEntry("queues.purge", Actor("ada"), f"queue:{number}")
        row = chained(head, datetime(2026, 1, 27, tzinfo=UTC), entry)
        head = ChainHead(row.number, row.hash)
        found.append(json.dumps(row.to_dict(), separators=(",", ":")) + "\n")
    return found


def _damaged(line: str) -> dict[str, str]:
    return {
        "cut off": line[:40],
        "no object": "[]\n",
        "a number": "17\n",
        "no hash": line.replace('"hash"', '"hush"'),
        "no hexadecimal hash": line.replace(_HASH, f"{_HASH}g"),
        "no text for a hash": line.partition(_HASH)[0] + '"hash":17}\n',
        "a number that is none": line.replace('"number":4', '"number":"4"'),
        "of bytes that are no text": "\udcff" + line,
        "deeper than anybody reads": "[" * 100_000,
    }


@pytest.mark.parametrize("how", _damaged(""))
def test_a_line_that_cannot_be_read_is_one_problem(lines: list[str], how: str) -> None:
    lines[3] = _damaged(lines[3])[how]

    verdict = verify_export(lines)

    [problem] = verdict.problems
    assert (problem.number, verdict.rows, verdict.last) == (4, 6, 6)
    assert problem.problem == "line 4 cannot be read: it was changed, or cut off"


def test_what_comes_behind_it_is_looked_at_as_ever(lines: list[str]) -> None:
    lines[1] = "{\n"
    lines[4] = lines[4].replace('"ada"', '"eve"')

    assert [each.number for each in verify_export(lines).problems] == [2, 5]


def test_a_byte_that_was_changed_in_a_text_is_told_as_changed(lines: list[str]) -> None:
    lines[3] = lines[3].replace('"ada"', '"ad\udcff"')

    [problem] = verify_export(lines).problems

    assert (problem.number, problem.problem) == (4, "its content is not what was written: changed")


def test_rows_are_counted_so_that_a_cut_at_the_end_can_be_seen(lines: list[str]) -> None:
    assert verify_export([]) == (0, 0, [])
    assert verify_export(lines[:4]) == (4, 4, [])
    assert verify_export([*lines, "\n"]) == (6, 6, [])
