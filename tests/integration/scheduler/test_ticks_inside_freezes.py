"""Ticks that fall into a maintenance window say so: held until its end, or skipped, as it was declared."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.broker.schedules.redis_freezes import RedisFreezes
from backend.domain.schedules.freeze import Freeze, TicksInside, Window
from backend.domain.schedules.schedule_tick import TickOutcome
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def _freeze(house: SchedulerHouse, ticks: TicksInside, what: str = "type:report") -> None:
    now = house.clock.now()
    window = Window(now - HOUR, now + HOUR)
    freeze = Freeze("move", what, *window, ticks=ticks)
    RedisFreezes(house.redis, house.keys).set(freeze, [window], by="ada", reason="")


def test_a_tick_inside_is_held_and_its_row_says_by_what(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", 2 * SECOND)
    _freeze(house, TicksInside.HOLD)

    house.catch_up()

    (tick,) = house.ticks()
    assert (tick.outcome, house.jobs()) == (TickOutcome.RAN, [tick.job_id])
    assert tick.reason.startswith("held by the freeze move until ")


def test_a_tick_inside_is_skipped_where_the_freeze_says_so(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", 2 * SECOND)
    _freeze(house, TicksInside.SKIP)

    house.catch_up()

    (tick,) = house.ticks()
    assert (tick.outcome, house.jobs()) == (TickOutcome.SKIPPED, [])
    assert tick.reason == "skipped by the freeze move"


@pytest.mark.parametrize("what", ["type:other", "lane:email", "queue:low"])
def test_a_freeze_of_something_else_leaves_it_alone(house: SchedulerHouse, what: str) -> None:
    house.create()
    house.stand_still_since("nightly", 2 * SECOND)
    _freeze(house, TicksInside.SKIP, what)

    house.catch_up()

    (tick,) = house.ticks()
    assert (tick.outcome, tick.reason) == (TickOutcome.RAN, "")


def test_a_run_that_a_person_asks_for_is_held_but_not_skipped(house: SchedulerHouse) -> None:
    house.create()
    _freeze(house, TicksInside.SKIP)

    job_id = house.service.run_now("nightly", by=ANNA, reason="audit")

    assert house.jobs() == [job_id]
