"""Seals beside their events: what of them was changed, removed or put in, and what retention explains."""

from __future__ import annotations

from datetime import date

import pytest

from backend.domain.audit.audit_chain import NO_ROWS, ChainHead, ChainProblem, Seal, sealed
from backend.domain.audit.seal_walk import SealedStretch, SealWalk

NOTHING = bytes(32)


def _seals() -> list[SealedStretch]:
    """Four of five events each, in January, February, February and March."""
    head, stretches, until = NO_ROWS, [], 0
    for number, month in enumerate((1, 2, 2, 3)):
        seal = sealed(head, Seal(0, until, until + 10, 5, bytes([number]) * 32, b""))
        head, until = ChainHead(seal.number, seal.hash), until + 10
        stretches.append(SealedStretch(seal, 5, seal.digest, date(2026, month, 1)))
    return stretches


def _walk(
    stretches: list[SealedStretch], kept_from: date = date(2026, 1, 15)
) -> tuple[list[ChainProblem], SealWalk]:
    walk = SealWalk("seals", kept_from)
    problems = [problem for stretch in stretches for problem in walk.step(stretch)]
    return [*problems, *walk.end()], walk


def _empty(stretches: list[SealedStretch], *numbers: int) -> list[SealedStretch]:
    return [
        stretch._replace(events=0, digest=NOTHING) if stretch.seal.number in numbers else stretch
        for stretch in stretches
    ]


def test_seals_hold_while_their_events_do() -> None:
    stretches = _seals()

    problems, walk = _walk(stretches)

    assert problems == []
    assert (walk.head.number, walk.events, walk.retired) == (4, 20, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"events": 4}, "1 removed"),
        ({"events": 7}, "2 inserted"),
        ({"digest": NOTHING}, "at least one changed"),
    ],
)
@pytest.mark.parametrize("kept_from", [date(2026, 1, 15), date(2026, 6, 1)])
def test_events_that_are_there_are_compared_however_old_they_are(
    change: dict[str, object], words: str, kept_from: date
) -> None:
    stretches = _seals()
    stretches[2] = stretches[2]._replace(**change)  # type: ignore[arg-type]

    problems, _ = _walk(stretches, kept_from)

    assert problems == [
        ChainProblem("seals", 3, f"job events with versions 21 to 30: {words}"),
    ]


@pytest.mark.parametrize("kept_from", [date(2026, 3, 1), date(2026, 3, 31)])
def test_a_month_that_was_over_when_retention_begins_may_be_gone(kept_from: date) -> None:
    problems, walk = _walk(_empty(_seals(), 1, 2, 3), kept_from)

    assert problems == []
    assert (walk.events, walk.retired) == (5, 3)


def test_a_month_that_is_to_be_kept_and_is_gone_is_one_problem_that_names_it() -> None:
    problems, walk = _walk(_empty(_seals(), 1, 2, 3), date(2026, 2, 28))

    words = (
        "all 10 job events of 2026-02 under seals 2 to 3 are gone, and history is to be kept for longer: "
        "removed, or dropped while its settings were for fewer days"
    )
    assert problems == [ChainProblem("seals", 2, words)]
    assert walk.retired == 1


def test_stretches_that_are_gone_are_told_month_by_month() -> None:
    problems, _ = _walk(_empty(_seals(), 2, 4))

    def words(month: str, seal: int) -> str:
        return (
            f"all 5 job events of {month} under seal {seal} are gone, and history is to be kept for "
            "longer: removed, or dropped while its settings were for fewer days"
        )

    assert problems == [
        ChainProblem("seals", 2, words("2026-02", 2)),
        ChainProblem("seals", 4, words("2026-03", 4)),
    ]
