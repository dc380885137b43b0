"""Percentiles out of histograms, pages, windows and months."""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.history.history_retention import RetentionPolicy
from backend.domain.history.history_search import Bookmark
from backend.domain.history.history_statistics import TimeWindow, summarise
from backend.history.schema.months import month_after, month_of

#: A position of 64 bits, and one that nothing has.
BEYOND = str(Bookmark(1 << 63, "j"))


def histogram(values: list[float]) -> tuple[list[int], list[int]]:
    """What Postgres makes of durations in milliseconds; see duration_bucket()."""
    buckets = sorted(
        0 if value < 0.1 else math.floor(math.log10(value) * 20) + 21 for value in values
    )
    found = sorted(set(buckets))
    return found, [buckets.count(bucket) for bucket in found]


@pytest.mark.parametrize("seed", range(5))
def test_percentiles_are_within_six_per_cent(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    values = sorted(dice.lognormvariate(4, 2) for _ in range(5000))

    summary = summarise(sum(values), *histogram(values))

    assert summary is not None
    assert summary.mean == pytest.approx(sum(values) / 5000 / 1000)
    for share, found in ((0.5, summary.p50), (0.95, summary.p95), (0.99, summary.p99)):
        assert found == pytest.approx(values[int(share * 5000) - 1] / 1000, rel=0.06)


def test_what_is_too_short_to_be_told_apart_took_no_time() -> None:
    summary = summarise(0.02, *histogram([0.01, 0.01]))

    assert summary is not None
    assert (summary.count, summary.p99) == (2, 0.0)


def test_nothing_has_no_summary() -> None:
    assert summarise(0.0, [], []) is None


def test_a_bookmark_survives_being_written_down() -> None:
    mark = Bookmark(123 << 20, "a-b_C:9")

    assert Bookmark.parse(str(mark)) == mark


@pytest.mark.parametrize("text", ["", "x", "äöü", "====", "bm9udW1iZXI6eA", BEYOND])
def test_what_is_no_bookmark_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="cursor"):
        Bookmark.parse(text)


def test_a_window_is_widened_to_whole_hours_of_utc() -> None:
    india = timezone(timedelta(hours=5, minutes=30))
    window = TimeWindow(
        datetime(2026, 1, 1, 12, 0, tzinfo=india), datetime(2026, 1, 1, 13, 0, tzinfo=india)
    )

    assert window.in_hours() == (
        datetime(2026, 1, 1, 6, tzinfo=UTC),
        datetime(2026, 1, 1, 8, tzinfo=UTC),
    )


def test_a_window_of_whole_hours_stays() -> None:
    window = TimeWindow(datetime(2026, 1, 1, 6, tzinfo=UTC), datetime(2026, 1, 1, 7, tzinfo=UTC))

    assert window.in_hours() == window


def test_months_are_those_of_utc() -> None:
    moment = int(datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)

    assert month_of(moment << 20) == date(2026, 12, 1)
    assert month_of((moment + 1000) << 20) == date(2027, 1, 1)
    assert (month_after(date(2026, 12, 1)), month_after(date(2026, 1, 1))) == (
        date(2027, 1, 1),
        date(2026, 2, 1),
    )


def test_each_job_falls_under_exactly_one_rule() -> None:
    policy = RetentionPolicy(days_by_type={"report": 365, "ping": 1})

    rules = list(policy.rules())

    for job_type in ("send_email", "report", "ping"):
        for state in ("finished", "failed", "canceled"):
            hits = [
                rule
                for rule in rules
                if state in rule.states
                and (
                    rule.job_type == job_type
                    or (not rule.job_type and job_type not in rule.except_types)
                )
            ]
            assert len(hits) == 1
