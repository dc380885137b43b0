"""What can be written as a cron line, how it reads in words, and how a wrong one is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from backend.domain.errors import InvalidOption
from backend.services.schedules.cron_ticks import NAMES, CronLine, cron_line
from tests.effort import calls_of

_MOST_CALLS = 20_000
UTC_ZONE = ZoneInfo("UTC")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def first_run(line: str, after: datetime = NEW_YEAR) -> str:
    tick = CronLine(line).next_after(after, UTC_ZONE)
    assert tick is not None
    return tick.strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("@yearly", "2027-01-01 00:00"),
        ("@annually", "2027-01-01 00:00"),
        ("@monthly", "2026-02-01 00:00"),
        ("@weekly", "2026-01-04 00:00"),
        ("@daily", "2026-01-02 00:00"),
        ("@midnight", "2026-01-02 00:00"),
        ("@hourly", "2026-01-01 01:00"),
        ("@DAILY", "2026-01-02 00:00"),
        ("0 9 * * MON-FRI", "2026-01-01 09:00"),
        ("0 9 * feb sat", "2026-02-07 09:00"),
        ("0 9 * * 7", "2026-01-04 09:00"),
        ("0 9 13 * 5", "2026-01-02 09:00"),
        ("0 9 L * *", "2026-01-31 09:00"),
        ("0 9 * * 5#2", "2026-01-09 09:00"),
        ("0 9 29 2 *", "2028-02-29 09:00"),
        ("  0   9 * * *  ", "2026-01-01 09:00"),
    ],
)
def test_a_line_has_five_fields_with_numbers_and_names_or_an_at_name(line: str, first: str) -> None:
    assert first_run(line) == first


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("61 * * * *", "the minute '61' is not 0-59"),
        ("* 24 * * *", "the hour '24' is not 0-23"),
        ("0 0 0 * *", "'0', or it is not 1-31"),
        ("0 0 * 13 *", "the month '13' is not 1-12"),
        ("0 0 * * FRY", "the day-of-week 'FRY'"),
        ("0 0 31 2 *", "no month it names has the day-of-month '31'"),
        ("0 0 31 4,6,9,11 *", "no month it names has"),
        ("*/0 * * * *", "the minute '*/0'"),
        ("5-1 * * * *", "the minute '5-1'"),
        ("-1 * * * *", "the minute '-1'"),
        ("* * * *", "it has 4 fields"),
        ("* * * * * *", "for less than a minute use an interval"),
        ("", "1 to 200 characters"),
        ("   ", "1 to 200 characters"),
        ("1," * 5000 + "1 * * * *", "1 to 200 characters"),
        ("@dayly", "did you mean '@daily'?"),
        ("@reboot", "use one of @yearly"),
        ("every day at nine", "it has 4 fields"),
        ("१ * * * *", "the minute '१'"),
    ],
)
def test_a_wrong_line_is_refused_and_the_wrong_part_named(line: str, problem: str) -> None:
    with pytest.raises(InvalidOption) as refusal:
        CronLine(line)

    assert problem in str(refusal.value)
    assert refusal.value.details["field"] == "cron"
    assert len(str(refusal.value)) < 600


@given(some.text(alphabet="0123456789*/,-#LW? @JANFRIMO\t", max_size=40))
@settings(max_examples=500, deadline=None)
def test_whatever_is_written_is_read_or_refused_and_nothing_else(line: str) -> None:
    def read() -> None:
        try:
            cron = CronLine(line)
        except InvalidOption:
            return
        tick = cron.next_after(NEW_YEAR, ZoneInfo("Europe/London"))
        assert tick is None or tick > NEW_YEAR
        assert cron.words()

    # About a thousand as a rule; who walks through the minutes of years takes millions.
    assert calls_of(read) < _MOST_CALLS


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 9 * * MON-FRI", "At 09:00 on Monday through Friday"),
        ("@daily", "At 00:00 every day"),
        ("*/15 * * * *", "Every 15th minute of every hour"),
        ("0 0 13 * 5", "At 00:00 on the 13th day of month or on Friday"),
        ("0 0 * * 5#2", "At 00:00 on the second Friday of the month"),
    ],
)
def test_a_line_reads_in_words(line: str, words: str) -> None:
    assert CronLine(line).words() == words


def test_a_line_that_never_matches_has_no_next_tick() -> None:
    the_last_of_times = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)

    assert CronLine("@daily").next_after(the_last_of_times, UTC_ZONE) is None


def test_every_at_name_is_a_line() -> None:
    for name, line in NAMES.items():
        assert first_run(name) == first_run(line)


def test_a_line_is_read_once() -> None:
    assert cron_line("0 9 * * *") is cron_line("0 9 * * *")
