"""A zone goes, or other hands write a cron line: such a schedule is shown, mended, and in nobody's way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from backend.domain.errors import InvalidOption
from backend.domain.schedules.schedule_tick import Tick, TickOutcome
from backend.services.schedules import schedule_runner
from tests.integration.history.databases import run
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

MINUTE = timedelta(minutes=1)
#: What other hands do to a schedule.
BREAKS = ["time_zone = 'Mars/Base'", "cron = 'at noon'"]


def broken(house: SchedulerHouse, how: str, name: str = "broken") -> None:
    """A schedule that is overdue and cannot be read."""
    house.create(name, cron="0 0 * * *")
    house.stand_still_since(name, 2 * MINUTE)
    run(house.engine, f"UPDATE schedules SET {how} WHERE name = '{name}'")


def skipped(house: SchedulerHouse) -> list[Tick]:
    """What is written of the tick that was known; no other."""
    (tick,) = house.ticks("broken")
    assert tick.outcome is TickOutcome.SKIPPED
    return [tick]


@pytest.mark.parametrize("how", BREAKS)
def test_it_can_be_paused(house: SchedulerHouse, how: str) -> None:
    broken(house, how)

    house.service.pause("broken", by=ANNA)

    assert house.service.get("broken").schedule.is_paused
    assert [tick.reason for tick in skipped(house)] == ["paused by anna"]


@pytest.mark.parametrize("how", BREAKS)
def test_it_can_be_deleted(house: SchedulerHouse, how: str) -> None:
    broken(house, how)

    house.service.delete("broken", by=ANNA)

    assert house.service.list_all() == []
    assert skipped(house)


@pytest.mark.parametrize("how", BREAKS)
def test_it_ticks_again_once_it_was_mended(house: SchedulerHouse, how: str) -> None:
    broken(house, how)

    house.service.change("broken", by=ANNA, time_zone="UTC", cron="0 1 * * *")

    schedule = house.service.get("broken").schedule
    assert schedule.next_at is not None
    assert schedule.next_at > house.store.now()
    assert [tick.reason for tick in skipped(house)] == ["changed by anna"]


def test_a_change_that_leaves_it_as_it_is_says_what_is_wrong(house: SchedulerHouse) -> None:
    broken(house, BREAKS[0])

    with pytest.raises(InvalidOption, match="there is no time zone 'Mars/Base'"):
        house.service.change("broken", by=ANNA, payload={"of": "sales"})


def test_the_configuration_mends_it(house: SchedulerHouse) -> None:
    said = {"broken": {"job_type": "report", "cron": "0 0 * * *"}}
    house.service_with(said).sync()
    house.stand_still_since("broken", 2 * MINUTE)
    run(house.engine, "UPDATE schedules SET time_zone = 'Mars/Base' WHERE name = 'broken'")

    house.service_with(said).let_file_win("broken", by=ANNA)

    assert house.service.get("broken").schedule.plan.time_zone == "UTC"
    assert skipped(house)


def test_however_many_they_are_the_others_tick(
    house: SchedulerHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_runner, "_SCHEDULES", 2)
    for number in range(5):
        broken(house, BREAKS[0], f"broken-{number}")
    house.create("nightly")
    house.stand_still_since("nightly", timedelta(seconds=5))

    house.catch_up()

    assert [tick.outcome for tick in house.ticks("nightly")] == [TickOutcome.RAN]


def test_it_is_told_once_and_again_when_it_was_changed(house: SchedulerHouse) -> None:
    broken(house, BREAKS[0])
    runner = house.runner()

    with capture_logs() as lines:
        for _ in range(3):
            runner.step()
        run(house.engine, "UPDATE schedules SET cron = 'at noon', revision = revision + 1")
        for _ in range(3):
            runner.step()

    assert [line["event"] for line in lines] == ["schedule.unreadable"] * 2
