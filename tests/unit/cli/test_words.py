"""Times and values as people type and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
import pytest

from backend.cli.input.instants import COMING, DURATION, INSTANT
from backend.cli.output.ages import length, moment
from backend.cli.output.plain_data import plain
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import QueueName


@pytest.mark.parametrize(
    ("typed", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("7d", 604_800)]
)
def test_durations_are_read(typed: str, seconds: float) -> None:
    assert DURATION.convert(typed, None, None) == seconds


@pytest.mark.parametrize("typed", ["", "soon", "-5m", "5 minutes", "1h30m"])
def test_what_is_no_duration_is_refused(typed: str) -> None:
    with pytest.raises(click.BadParameter):
        DURATION.convert(typed, None, None)


def test_instants_are_counted_back_or_read_as_utc() -> None:
    back = datetime.now(UTC) - INSTANT.convert("2h", None, None)

    assert abs(back - timedelta(hours=2)) < timedelta(seconds=5)
    assert INSTANT.convert("2026-02-01T08:00", None, None) == datetime(2026, 2, 1, 8, tzinfo=UTC)
    with pytest.raises(click.BadParameter):
        INSTANT.convert("yesterday", None, None)


@pytest.mark.parametrize("typed", ["0001-01-01T00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_an_instant_that_no_calendar_of_utc_has_is_refused(typed: str) -> None:
    for kind in (INSTANT, COMING):
        with pytest.raises(click.BadParameter, match="is not within the years 1 to 9999"):
            kind.convert(typed, None, None)


def test_instants_to_come_are_counted_forward_or_read_as_utc() -> None:
    ahead = COMING.convert("2h", None, None) - datetime.now(UTC)

    assert timedelta(hours=2) - timedelta(seconds=5) < ahead <= timedelta(hours=2)
    assert COMING.convert("2026-02-01T08:00", None, None) == datetime(2026, 2, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.0123, "12ms"), (3.26, "3.3s"), (75, "1m 15s"), (90_061, "1d 1h"), (-1, "0ms")],
)
def test_lengths_are_told_in_two_units_at_most(seconds: float | None, words: str) -> None:
    assert length(seconds) == words


def test_moments_are_told_in_utc() -> None:
    assert moment(datetime(2026, 2, 1, 8, 0, 5, tzinfo=UTC)) == "2026-02-01 08:00:05"
    assert moment(None) == ""


def test_everything_becomes_json() -> None:
    name = QueueName.parse("low:export")

    assert plain({JobState.QUEUED: [name, {3, 1}], "at": datetime(2026, 2, 1, tzinfo=UTC)}) == {
        "queued": [{"priority": "low", "lane": "export"}, [1, 3]],
        "at": "2026-02-01T00:00:00+00:00",
    }
