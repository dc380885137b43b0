"""When cron lines run where clocks are put forward and back, held against an oracle.

Walks around the changes of three years and of odd moments of history, with ``TALLY_TEST_CRON=full`` of
twelve years.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from backend.services.schedules.cron_ticks import CronLine
from tests.unit.scheduler.cron_oracle import (
    MINUTE,
    OracleLine,
    Walk,
    stretches_around_changes,
    walk,
)

NEW_YORK, LONDON, LORD_HOWE = "America/New_York", "Europe/London", "Australia/Lord_Howe"
WITHOUT_CHANGE = "Asia/Kathmandu"
#: In these three New York changes on the earliest and on the latest days there are; 2028 is a leap year.
FIRST_YEAR, LAST_YEAR = (
    (2024, 2035) if os.environ.get("TALLY_TEST_CRON") == "full" else (2026, 2028)
)
ZONES = (NEW_YORK, LONDON, LORD_HOWE, WITHOUT_CHANGE)
#: Odd ones: clocks changed at midnight, a whole day left out, half-hour zones that gave it up.
HISTORY = (
    ("America/Sao_Paulo", 2016, 2019),
    ("Pacific/Apia", 2011, 2012),
    ("America/St_Johns", 2009, 2011),
    ("Asia/Tehran", 2020, 2022),
    ("Africa/Casablanca", 2024, 2025),
    ("Antarctica/Troll", 2024, 2024),
)
LINES = (
    "30 2 * * *",
    "30 1 * * *",
    "0 0 * * *",
    "15 2 * * *",
    "45 1 * * *",
    "0 2,3 * * *",
    "0,30 1-3 * * *",
    "5 0-23/2 * * *",
    "59 23 * * SUN",
    "10 2 * MAR,APR,OCT,NOV *",
    "30 2 1-7 * SUN",
    "0 12 29 2 *",
    "*/20 * * * *",
    "*/7 2 * * *",
    "*/20 1 * * SAT,SUN",
    "0 * * * *",
    "30 */2 * * *",
    "20 */5 * * *",
    "*/15 0-3 * 3-11 0",
)


@cache
def stretches(
    zone: str, first_year: int = FIRST_YEAR, last_year: int = LAST_YEAR
) -> tuple[Walk, ...]:
    return tuple(stretches_around_changes(zone, first_year, last_year))


@cache
def leap_year(zone: str) -> Walk:
    return walk(zone, datetime(2028, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC))


def ticks_of(line: str, zone: str, steps: Walk) -> list[datetime]:
    """Our ticks, one after the other, over the time of a walk."""
    cron, place, last = CronLine(line), ZoneInfo(zone), steps[-1][0]

    def one_after_another():
        tick = cron.next_after(steps[0][0], place)
        while tick is not None:
            yield tick
            tick = cron.next_after(tick, place)

    return list(takewhile(lambda tick: tick <= last, one_after_another()))


def at(zone: str, text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def next_runs(line: str, zone: str, after: datetime, count: int) -> list[str]:
    cron, place, runs = CronLine(line), ZoneInfo(zone), []
    for _ in range(count):
        after = cron.next_after(after, place)
        runs.append(after.astimezone(place).strftime("%d %H:%M%z"))
    return runs


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("line", LINES)
def test_ticks_agree_with_the_oracle_around_every_change_of_some_years(
    line: str, zone: str
) -> None:
    oracle = OracleLine(line)

    for steps in stretches(zone):
        assert ticks_of(line, zone, steps) == oracle.ticks(steps)


@pytest.mark.parametrize(("zone", "first_year", "last_year"), HISTORY)
@pytest.mark.parametrize("line", LINES)
def test_ticks_agree_with_the_oracle_where_clocks_did_odd_things(
    line: str, zone: str, first_year: int, last_year: int
) -> None:
    oracle = OracleLine(line)

    for steps in stretches(zone, first_year, last_year):
        assert ticks_of(line, zone, steps) == oracle.ticks(steps)


@pytest.mark.parametrize("line", ["30 2 * * *", "*/30 1-3 * * *", "0 9 13 * 5"])
def test_ticks_agree_with_the_oracle_over_a_whole_leap_year(line: str) -> None:
    steps = leap_year(LORD_HOWE)

    assert ticks_of(line, LORD_HOWE, steps) == OracleLine(line).ticks(steps)


_FIELD = {
    "minute": some.one_of(
        some.just("*"), some.integers(0, 59).map(str), some.integers(1, 59).map("*/{}".format)
    ),
    "hour": some.one_of(
        some.just("*"),
        some.integers(0, 23).map(str),
        some.integers(1, 12).map("*/{}".format),
        some.lists(some.integers(0, 4).map(str), min_size=1, max_size=3).map(",".join),
    ),
    "day": some.one_of(some.just("*"), some.integers(1, 31).map("{},8".format)),
    "weekday": some.one_of(some.just("*"), some.integers(0, 7).map("{},3".format)),
}


_LINES = some.builds("{minute} {hour} {day} * {weekday}".format, **_FIELD)


@given(
    line=_LINES,
    zone=some.sampled_from(ZONES),
    which=some.integers(0, 1000),
    seconds=some.integers(1, 40 * 3600),
)
@settings(max_examples=150, deadline=None)
def test_from_any_instant_the_next_tick_is_the_oracles(
    line: str, zone: str, which: int, seconds: int
) -> None:
    steps = stretches(zone)[which % len(stretches(zone))]
    instant = steps[0][0] + timedelta(seconds=seconds)
    later = [tick for tick in OracleLine(line).ticks(steps) if tick > instant]

    tick = CronLine(line).next_after(instant, ZoneInfo(zone))

    assert tick == later[0] if later else tick is None or tick > steps[-1][0]


def test_a_time_that_the_clocks_skip_runs_once_at_the_next_instant_there_is() -> None:
    assert next_runs("30 2 * * *", NEW_YORK, at(NEW_YORK, "2026-03-07T12:00"), 2) == [
        "08 03:00-0400",
        "09 02:30-0400",
    ]
    assert next_runs("15 1 * * *", LONDON, at(LONDON, "2026-03-28T12:00"), 2) == [
        "29 02:00+0100",
        "30 01:15+0100",
    ]
    assert next_runs("15 2 * * *", LORD_HOWE, at(LORD_HOWE, "2026-10-03T12:00"), 2) == [
        "04 02:30+1100",
        "05 02:15+1100",
    ]


def test_two_times_that_are_skipped_together_run_once() -> None:
    assert next_runs("0,30 2 * * *", NEW_YORK, at(NEW_YORK, "2026-03-07T12:00"), 3) == [
        "08 03:00-0400",
        "09 02:00-0400",
        "09 02:30-0400",
    ]


def test_a_time_that_comes_twice_runs_the_first_time_only() -> None:
    assert next_runs("30 1 * * *", NEW_YORK, at(NEW_YORK, "2026-10-31T12:00"), 2) == [
        "01 01:30-0400",
        "02 01:30-0500",
    ]
    assert next_runs("45 1 * * *", LORD_HOWE, at(LORD_HOWE, "2026-04-04T12:00"), 2) == [
        "05 01:45+1100",
        "06 01:45+1030",
    ]


def test_a_time_of_which_only_the_second_is_to_come_waits_for_the_next_day() -> None:
    between = at(NEW_YORK, "2026-11-01T01:10", fold=1)

    assert next_runs("30 1 * * *", NEW_YORK, between, 1) == ["02 01:30-0500"]


def test_a_pattern_follows_real_time_through_the_hour_that_comes_twice() -> None:
    runs = next_runs("*/30 1 * * *", NEW_YORK, at(NEW_YORK, "2026-10-31T12:00"), 5)

    assert runs == [
        "01 01:00-0400",
        "01 01:30-0400",
        "01 01:00-0500",
        "01 01:30-0500",
        "02 01:00-0500",
    ]


def test_an_hourly_pattern_runs_each_real_hour() -> None:
    instant, place = at(NEW_YORK, "2026-10-31T12:00"), ZoneInfo(NEW_YORK)
    for _ in range(48):
        tick = CronLine("@hourly").next_after(instant, place)
        assert tick - instant == timedelta(hours=1)
        instant = tick


def test_without_a_zone_that_changes_every_day_has_its_tick() -> None:
    assert next_runs("30 2 * * *", WITHOUT_CHANGE, at(WITHOUT_CHANGE, "2026-03-07T12:00"), 3) == [
        "08 02:30+0545",
        "09 02:30+0545",
        "10 02:30+0545",
    ]


def test_a_day_that_a_country_left_out_runs_when_the_next_begins() -> None:
    assert next_runs("0 9 * * *", "Pacific/Apia", at("Pacific/Apia", "2011-12-29T12:00"), 2) == [
        "31 00:00+1400",
        "31 09:00+1400",
    ]


def test_the_oracle_itself_sees_a_repeated_hour() -> None:
    steps = walk(NEW_YORK, at(NEW_YORK, "2026-11-01T00:59"), at(NEW_YORK, "2026-11-01T03:00"))

    assert len(OracleLine("30 1 * * *").ticks(steps)) == 1
    assert len(OracleLine("*/30 1 * * *").ticks(steps)) == 4
    assert steps[1][0] - steps[0][0] == MINUTE
