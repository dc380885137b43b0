"""How the timing of a schedule reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.domain.schedules.schedule import Plan
from backend.services.schedules.schedule_preview import preview_of
from backend.services.schedules.schedule_timing import in_words
from tests.unit.scheduler.builders import NOON


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (
            Plan("r", cron="0 9 * * 1", time_zone="Europe/Berlin"),
            "At 09:00 on Monday (Europe/Berlin)",
        ),
        (Plan("r", cron="@daily", jitter=90), "At 00:00 every day (UTC), up to 90 s later"),
        (Plan("r", interval=60), "Every minute"),
        (Plan("r", interval=86_400), "Every day"),
        (Plan("r", interval=5400), "Every 90 minutes"),
        (Plan("r", interval=90.5), "Every 90.5 seconds"),
        (
            Plan("r", interval=7200, starts_at=NOON),
            "Every 2 hours, counted from 2026-06-01 12:00:00 UTC",
        ),
    ],
)
def test_a_timing_reads_in_words(plan: Plan, words: str) -> None:
    assert in_words(plan) == words


def test_a_preview_shows_the_next_runs_in_the_schedules_own_zone() -> None:
    plan = Plan("r", cron="0 9 * * *", time_zone="Asia/Kathmandu")

    runs = preview_of(plan, NOON, 3).runs

    assert [run.isoformat() for run in runs] == [
        "2026-06-02T09:00:00+05:45",
        "2026-06-03T09:00:00+05:45",
        "2026-06-04T09:00:00+05:45",
    ]
    assert runs[0] - NOON == timedelta(hours=15, minutes=15)
