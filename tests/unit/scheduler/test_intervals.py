"""The ticks of an interval lie on a grid that starts with the schedule and never moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

from hypothesis import given
from hypothesis import strategies as some

from backend.domain.schedules.schedule import Plan
from backend.domain.schedules.schedule_interval import next_on_grid
from backend.services.schedules.schedule_timing import next_tick, shortest_gap, ticks_after
from tests.unit.scheduler.builders import NOON

SECOND = timedelta(seconds=1)


def test_the_first_tick_is_the_start_itself() -> None:
    assert next_on_grid(NOON, 60, NOON - SECOND) == NOON
    assert next_on_grid(NOON, 60, NOON - timedelta(days=400)) == NOON


def test_the_tick_after_a_tick_is_one_interval_later() -> None:
    assert next_on_grid(NOON, 60, NOON) == NOON + 60 * SECOND
    assert next_on_grid(NOON, 60, NOON + 59 * SECOND) == NOON + 60 * SECOND


@given(
    interval=some.integers(1000, 40 * 86_400_000).map(lambda ms: ms / 1000),
    late=some.lists(some.floats(0, 5e6), min_size=1, max_size=20),
)
def test_however_late_somebody_looks_the_grid_stays_where_it_was(
    interval: float, late: list[float]
) -> None:
    step = timedelta(seconds=interval)
    tick = NOON
    for seconds in late:
        asked = tick + timedelta(seconds=seconds)
        tick = next_on_grid(NOON, interval, asked)

        assert asked < tick <= asked + step
        assert (tick - NOON) % step == timedelta(0)


def test_a_million_ticks_later_nothing_has_drifted() -> None:
    assert next_on_grid(NOON, 0.1 + 60, NOON + 999_999.5 * timedelta(seconds=60.1)) == (
        NOON + 1_000_000 * timedelta(seconds=60.1)
    )


def test_an_interval_follows_real_time_when_clocks_change() -> None:
    before = datetime(2026, 10, 31, 20, tzinfo=UTC)
    plan = Plan("report", interval=3600, time_zone="America/New_York", starts_at=before)

    ticks = list(islice(ticks_after(plan, before), 24))

    assert ticks == [before + timedelta(hours=hour) for hour in range(1, 25)]


def test_no_tick_of_a_cron_line_is_before_its_start() -> None:
    plan = Plan("report", cron="0 12 * * *", starts_at=datetime(2027, 1, 1, 12, tzinfo=UTC))

    assert next_tick(plan, NOON) == datetime(2027, 1, 1, 12, tzinfo=UTC)
    assert next_tick(plan, datetime(2027, 1, 1, 12, tzinfo=UTC)) == datetime(
        2027, 1, 2, 12, tzinfo=UTC
    )


def test_the_shortest_gap_is_the_one_between_the_two_closest_ticks() -> None:
    assert shortest_gap(Plan("report", cron="0 9,10 * * MON"), NOON) == 3600
    assert shortest_gap(Plan("report", interval=90), NOON) == 90
