"""The database's clock stood ahead for a while: schedules come back with it, and run nothing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.domain.schedules.schedule_ports import UpcomingTicks
from backend.domain.schedules.schedule_tick import TickOutcome
from backend.history.schedules.schedule_store import PostgresTickBook
from backend.services.schedules import schedule_runner
from backend.services.schedules.schedule_runner import ScheduleRunner
from backend.services.schedules.schedule_timing import next_tick
from tests.eventually import eventually
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


class Ahead(PostgresTickBook):
    """The book under a clock that may stand ahead."""

    by = timedelta()

    def upcoming(self, most: int, start: int = 0) -> UpcomingTicks:
        found = super().upcoming(most, start)
        return found._replace(now=found.now + self.by)


@pytest.fixture
def book(house: SchedulerHouse) -> Ahead:
    return Ahead(house.engine)


def run_ahead(runner: ScheduleRunner, book: Ahead, by: timedelta) -> None:
    """All that is due by a clock that stands ahead; then it is put right."""
    book.by = by
    while runner.step() == 0.0:
        pass
    book.by = timedelta()


def is_on_time(house: SchedulerHouse) -> bool:
    """Whether its next tick is the next of its plan, or is due by now."""
    view = house.service.get("nightly")
    stands_at, comes_at = view.schedule.next_at, next_tick(view.schedule.plan, view.now)
    assert stands_at is not None
    assert comes_at is not None
    return stands_at <= comes_at


@pytest.mark.parametrize(
    "said",
    [
        {"interval": 60},
        {"cron": "*/5 * * * *", "time_zone": "Europe/Berlin"},
        {"interval": 3600, "jitter": 1800},
        {"cron": "0 3 * * *", "missed_runs": "skip"},
    ],
)
def test_schedules_come_back_with_it(
    house: SchedulerHouse, book: Ahead, said: dict[str, Any]
) -> None:
    house.create(**said)
    runner = house.runner(book)
    run_ahead(runner, book, 2 * DAY)
    assert not is_on_time(house)

    runner.step()

    assert is_on_time(house)


def test_another_scheduler_that_is_started_later_sees_it_too(
    house: SchedulerHouse, book: Ahead
) -> None:
    house.create()
    run_ahead(house.runner(book), book, DAY)

    house.runner().step()

    assert is_on_time(house)


def test_so_does_one_that_leads_again(house: SchedulerHouse, book: Ahead) -> None:
    house.create()
    here = house.runner()
    cron = house.cron("one", runner=here)
    cron.run_once()
    run_ahead(house.runner(book), book, DAY)
    cron.close()

    cron.run_once()

    assert is_on_time(house)


def test_ticks_that_were_passed_over_run_when_they_come_and_none_twice(
    house: SchedulerHouse, book: Ahead
) -> None:
    house.create(interval=1)
    runner = house.runner(book)
    run_ahead(runner, book, HOUR)
    ran_ahead = house.jobs()

    def ticks_again() -> bool:
        runner.step()
        return len(house.jobs()) >= len(ran_ahead) + 2

    eventually(ticks_again)
    now = house.store.now()
    assert len(house.jobs()) == len(set(house.jobs()))
    late = [tick for tick in house.ticks() if tick.planned_at > now]
    assert {tick.outcome for tick in late} == {TickOutcome.RAN}


def test_however_many_they_are(
    house: SchedulerHouse, book: Ahead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_runner, "_SCHEDULES", 2)
    for number in range(5):
        house.create(f"hourly-{number}", interval=3600)
    house.create()
    runner = house.runner(book)
    run_ahead(runner, book, DAY)

    runner.step()

    assert is_on_time(house)


def test_a_start_that_lies_ahead_stays(house: SchedulerHouse, book: Ahead) -> None:
    start = house.store.now().replace(microsecond=0) + 10 * DAY
    house.create(interval=60, starts_at=start)
    house.create("paused", interval=60)
    house.service.pause("paused", by=ANNA)

    house.runner(book).step()

    assert house.service.get("nightly").schedule.next_at == start
    assert house.service.get("paused").schedule.next_at is None


def test_a_clock_that_goes_back_by_some_seconds_is_followed_by_nobody(
    house: SchedulerHouse, book: Ahead
) -> None:
    house.create(interval=1)
    runner = house.runner(book)
    run_ahead(runner, book, 30 * SECOND)
    before = house.service.get("nightly").schedule.next_at
    assert before is not None

    house.runner().step()

    after = house.service.get("nightly").schedule.next_at
    assert after is not None
    assert after >= before
