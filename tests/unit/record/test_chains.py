"""The arithmetic of hash chains: whatever is done to the rows, the walk stumbles."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import assume, given
from hypothesis import strategies as st

from backend.domain.access.actor import Actor
from backend.domain.audit.audit import AuditEntry, AuditRow
from backend.domain.audit.audit_chain import (
    NO_ROWS,
    ChainHead,
    ChainWalk,
    chained,
    shortfall,
    walk_rows,
)

AT = datetime(2026, 1, 27, tzinfo=UTC)


def _chain(length: int) -> list[AuditRow]:
    rows: list[AuditRow] = []
    head = NO_ROWS
    for number in range(length):
        rows.append(chained(head, AT, AuditEntry(f"act.{number}", Actor("ada"))))
        head = ChainHead(rows[-1].number, rows[-1].hash)
    return rows


def _problems(rows: list[AuditRow], *heads: ChainHead) -> list[str]:
    walk = ChainWalk("audit_log", heads)
    found = [problem.problem for problem in walk_rows(rows, walk)]
    return [*found, *walk.end()]


ROWS = _chain(8)
HEAD = ChainHead(8, ROWS[-1].hash)


def test_a_chain_holds() -> None:
    assert _problems(ROWS, HEAD) == []
    assert _problems([]) == []


@given(st.lists(st.integers(0, 7), max_size=10, unique=True))
def test_no_selection_of_rows_but_the_whole_holds(kept: list[int]) -> None:
    rows = [ROWS[at] for at in kept]
    assume(rows != ROWS)

    assert _problems(rows, HEAD)


@given(st.integers(0, 7), st.text(min_size=1, max_size=5))
def test_no_row_can_say_something_else(at: int, reason: str) -> None:
    changed = replace(ROWS[at], entry=replace(ROWS[at].entry, reason=reason))

    assert _problems([*ROWS[:at], changed, *ROWS[at + 1 :]], HEAD)


@given(st.integers(0, 7))
def test_a_row_that_was_hashed_anew_breaks_the_next_one_or_the_head(at: int) -> None:
    before = ChainHead(at, ROWS[at - 1].hash) if at else NO_ROWS
    forged = chained(before, AT, AuditEntry("nothing", Actor("eve")))

    assert _problems([*ROWS[:at], forged, *ROWS[at + 1 :]], HEAD)


def test_an_older_head_is_passed_on_the_way() -> None:
    assert _problems(ROWS, ChainHead(3, ROWS[2].hash)) == []
    (problem,) = _problems(ROWS, ChainHead(3, bytes(32)))
    assert "written anew" in problem


def test_one_change_is_one_problem() -> None:
    assert len(_problems([*ROWS[:3], *ROWS[5:]], HEAD)) == 1
    assert _problems([*ROWS[:3], *ROWS[5:]]) == ["rows 4 to 5 before it removed"]


def test_every_head_that_was_kept_is_compared_and_a_chain_written_anew_is_one_problem() -> None:
    before = _chain(8)[:5]
    head = ChainHead(5, before[-1].hash)
    anew = [*before]
    for number in range(3):
        anew.append(chained(head, AT, AuditEntry(f"else.{number}", Actor("eve"))))
        head = ChainHead(anew[-1].number, anew[-1].hash)
    kept = [ChainHead(row.number, row.hash) for row in ROWS]

    assert _problems(ROWS, *kept) == []
    assert _problems(anew, *kept, head) == [
        "its hash is not the one that was kept elsewhere: the chain was written anew"
    ]
    assert _problems(ROWS[:6], *kept) == ["rows 7 to 8 at the end removed"]


def test_a_chain_falls_short_of_a_head_below_its_own_and_of_another_beside_it() -> None:
    assert shortfall(HEAD, HEAD) == ""
    assert shortfall(HEAD, ChainHead(3, bytes(32))) == ""
    assert shortfall(ChainHead(7, b"7"), HEAD) == ("it ends at row 7, and row 8 was kept elsewhere")
    assert shortfall(HEAD, ChainHead(8, b"8")) == (
        "its row 8 is another than the one that was kept elsewhere"
    )
