"""A tick waits only for its jitter when its schedule is changed: it runs, or its row says why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.domain.schedules.schedule import Schedule
from backend.domain.schedules.schedule_tick import TickOutcome, due_at_of
from tests.integration.history.databases import run
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

RAN, SKIPPED = TickOutcome.RAN, TickOutcome.SKIPPED
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Change = Callable[[SchedulerHouse], object]


def _held(house: SchedulerHouse, **said: Any) -> datetime:
    """The tick of a schedule that had come a minute ago and is due in many; when it was planned."""
    while True:
        schedule = house.create(interval=7200, jitter=7199, **said)
        planned = house.stand_still_since("nightly", MINUTE)
        due_at = due_at_of(schedule.id, planned, 7199)
        if due_at > house.store.now() + 20 * MINUTE:
            break
        # Its jitter follows from an id that is made anew.
        house.service.delete("nightly", by=ANNA)
    run(house.engine, "UPDATE schedules SET next_due_at = :d WHERE deleted_at IS NULL", d=due_at)
    return planned


def _change(house: SchedulerHouse, **said: Any) -> Schedule:
    return house.service.change("nightly", by=ANNA, **said)


def _says(house: SchedulerHouse) -> list[tuple[datetime, TickOutcome, str]]:
    schedule = house.service.get("nightly").schedule
    found = house.store.ticks(schedule.id, before=None, outcome="", most=10)
    return [(tick.planned_at, tick.outcome, tick.reason) for tick in found]


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda house: house.service.pause("nightly", by=ANNA), "paused by anna"),
        (lambda house: _change(house, starts_at=house.store.now() + HOUR), "changed by anna"),
        (lambda house: _change(house, cron="7 3 1 1 *", jitter=0), "changed by anna"),
    ],
    ids=["pause", "start", "cron"],
)
def test_what_a_change_passes_over_is_written_down(
    house: SchedulerHouse, change: Change, because: str
) -> None:
    planned = _held(house)

    change(house)
    house.catch_up()

    assert _says(house) == [(planned, SKIPPED, because)]
    assert house.jobs() == []


def test_so_is_what_a_deletion_passes_over(house: SchedulerHouse) -> None:
    planned = _held(house)
    schedule = house.service.get("nightly").schedule

    house.service.delete("nightly", by=ANNA)

    (tick,) = house.store.ticks(schedule.id, before=None, outcome="", most=10)
    assert (tick.planned_at, tick.outcome, tick.reason) == (planned, SKIPPED, "deleted by anna")


def test_who_resumes_it_gets_the_next_tick(house: SchedulerHouse) -> None:
    planned = _held(house)

    house.service.pause("nightly", by=ANNA)
    resumed = house.service.resume("nightly", by=ANNA)

    assert resumed.next_at == planned + 2 * HOUR
    assert [outcome for _, outcome, _ in _says(house)] == [SKIPPED]


def test_a_tick_that_the_new_timing_has_too_still_runs(house: SchedulerHouse) -> None:
    planned = _held(house)

    changed = _change(house, jitter=0)
    house.catch_up()

    assert changed.next_at == changed.next_due_at == planned
    assert [(at, outcome) for at, outcome, _ in _says(house)] == [(planned, RAN)]
    assert len(house.jobs()) == 1


def test_under_a_new_jitter_it_waits_for_that(house: SchedulerHouse) -> None:
    planned = _held(house)

    changed = _change(house, jitter=7198)
    house.catch_up()

    assert changed.next_at == planned
    assert changed.next_due_at == due_at_of(changed.id, planned, 7198)
    assert _says(house) == []


def test_where_late_runs_are_not_wanted_it_is_skipped_by_who_made_it_late(
    house: SchedulerHouse,
) -> None:
    planned = _held(house, missed_runs="skip")

    _change(house, jitter=0)
    house.catch_up()

    assert _says(house) == [(planned, SKIPPED, "changed by anna")]


def test_ticks_that_were_due_before_it_are_passed_over_as_well(house: SchedulerHouse) -> None:
    planned = _held(house)
    before = planned - 2 * HOUR
    run(
        house.engine,
        "UPDATE schedules SET starts_at = :at, next_at = :at, next_due_at = :at"
        " WHERE deleted_at IS NULL",
        at=before,
    )

    _change(house, jitter=0)
    house.catch_up()

    assert [(at, outcome) for at, outcome, _ in _says(house)] == [(planned, RAN), (before, SKIPPED)]
