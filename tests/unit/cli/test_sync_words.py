"""`tally schedules sync` in words."""

from __future__ import annotations

import pytest

from backend.cli.output.sync_words import sync_words
from backend.domain.schedules.schedule_seed import SeedOutcome, SeedReport
from backend.domain.schedules.schedule_view import Difference

_GONE = (Difference("nightly", "exists", in_file=False, in_database=True),)
_EDITED = (Difference("nightly", "cron", in_file="0 2 * * *", in_database="0 3 * * *"),)


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        (SeedReport("nightly", SeedOutcome.CREATED), ["nightly: made as the file says"]),
        (SeedReport("nightly", SeedOutcome.UNCHANGED), ["nightly: unchanged"]),
        (SeedReport("nightly", SeedOutcome.CHANGED), ["nightly: changed to what the file says"]),
        (
            SeedReport("nightly", SeedOutcome.DIFFERS, _EDITED),
            [
                "nightly: somebody changed it, and that stands",
                '  cron: the file says "0 2 * * *"; in force is "0 3 * * *"',
            ],
        ),
        (
            SeedReport("nightly", SeedOutcome.GONE, _GONE),
            [
                (
                    "nightly: not in the file any more, and goes on; to end it: "
                    "tally schedules delete nightly"
                )
            ],
        ),
        (
            SeedReport("nightly", SeedOutcome.DELETED),
            ["nightly: somebody deleted it, so it stays away, though the file has it"],
        ),
        (
            SeedReport("nightly", SeedOutcome.REFUSED, error="there is no job type 'x'"),
            ["nightly: refused: there is no job type 'x'"],
        ),
    ],
    ids=lambda value: str(getattr(value, "outcome", "")),
)
def test_each_outcome_is_a_sentence_that_says_the_next_step(
    report: SeedReport, lines: list[str]
) -> None:
    assert list(sync_words(report)) == lines


def test_no_outcome_is_without_words() -> None:
    assert all(next(sync_words(SeedReport("a", outcome))) for outcome in SeedOutcome)
