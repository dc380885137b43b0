"""A single job's ``run_at``: past, far ahead, without a zone, and nonsense."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from tests.unit.scheduler.builders import NOON, job_intake


def accepted(**options: Any) -> NewJob:
    return job_intake().check("report", {}, None, options)


def test_a_naive_datetime_means_utc() -> None:
    assert accepted(run_at=datetime(2026, 7, 1, 9)).run_at == datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_an_aware_datetime_is_the_instant_it_names() -> None:
    there = timezone(timedelta(hours=5, minutes=45))

    assert accepted(run_at=datetime(2026, 7, 1, 9, tzinfo=there)).run_at == datetime(
        2026, 7, 1, 3, 15, tzinfo=UTC
    )


def test_a_time_in_the_past_is_taken_as_it_is() -> None:
    assert accepted(run_at=NOON - timedelta(days=400)).run_at == NOON - timedelta(days=400)


def test_ten_years_ahead_are_accepted_and_two_hundred_are_not() -> None:
    assert accepted(run_at=NOON.replace(year=2036)).run_at == NOON.replace(year=2036)
    with pytest.raises(InvalidOption, match="more than a hundred years ahead") as refusal:
        accepted(run_at=NOON.replace(year=2226))
    assert refusal.value.details["field"] == "run_at"


@pytest.mark.parametrize("run_at", ["2026-07-01", 1_800_000_000, True])
def test_what_is_no_datetime_is_refused(run_at: object) -> None:
    with pytest.raises(InvalidOption, match="run_at must be a datetime") as refusal:
        accepted(run_at=run_at)
    assert refusal.value.details["field"] == "run_at"


def test_a_time_and_a_delay_contradict_each_other() -> None:
    with pytest.raises(InvalidOption, match="not both"):
        accepted(run_at=NOON, delay=5)
