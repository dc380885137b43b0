"""Each tick has one job id and one jitter, whoever asks and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as some

from backend.domain.jobs.job_id import checked
from backend.domain.schedules.schedule_tick import due_at_of, job_id_of
from tests.unit.scheduler.builders import NOON

INSTANTS = some.datetimes(
    min_value=datetime(1970, 1, 1), max_value=datetime(2120, 1, 1), timezones=some.just(UTC)
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))


def test_the_id_tells_schedule_and_instant() -> None:
    assert job_id_of("nightly-1234", NOON) == "nightly-1234-20260601T120000"
    assert job_id_of("nightly-1234", NOON, by_hand=True) == "nightly-1234-20260601T120000-hand"


@given(one=INSTANTS, other=INSTANTS)
def test_two_ticks_have_two_ids_that_rq_accepts(one: datetime, other: datetime) -> None:
    longest = "x" * 30 + "-12345678"

    assert (job_id_of(longest, one) == job_id_of(longest, other)) == (one == other)
    assert checked(job_id_of(longest, one, by_hand=True))


def test_the_same_instant_in_another_zone_is_the_same_tick() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))

    assert job_id_of("nightly-1234", there) == job_id_of("nightly-1234", NOON)


def test_jitter_is_the_same_each_time_and_never_early_nor_too_late() -> None:
    ticks = [NOON + timedelta(minutes=number) for number in range(500)]

    late = [(due_at_of("nightly-1234", tick, 30) - tick).total_seconds() for tick in ticks]

    assert late == [(due_at_of("nightly-1234", tick, 30) - tick).total_seconds() for tick in ticks]
    assert min(late) >= 0
    assert max(late) < 30
    assert 12 < sum(late) / len(late) < 18
    assert len(set(late)) > 450


def test_two_schedules_at_the_same_minute_are_spread_apart() -> None:
    due = {due_at_of(f"schedule-{number}", NOON, 60) for number in range(50)}

    assert len(due) > 45


def test_without_jitter_a_tick_is_due_when_it_is_planned() -> None:
    assert due_at_of("nightly-1234", NOON, 0) == NOON
