"""The database's clock stood ahead for a while: schedules come back with it, and run nothing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.domain.errors import QueueFull, QueueUnavailable
from backend.domain.schedules.schedule_ports import UnfiredTick, UpcomingTicks
from backend.domain.schedules.schedule_tick import TickOutcome, job_id_of
from backend.history.schedules.schedule_store import PostgresTickBook
from backend.services.schedules import schedule_runner
from backend.services.schedules.schedule_runner import ScheduleRunner
from backend.services.schedules.schedule_timing import next_tick
from tests.eventually import eventually
from tests.integration.broker.bench import Bench
from tests.integration.history.databases import run
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse
from tests.integration.scheduler.test_kills_between_steps import Refusing

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


class Ahead(PostgresTickBook):
    """The book under a clock that may stand ahead."""

    by = timedelta()

    def upcoming(self, most: int, start: int = 0) -> UpcomingTicks:
        found = super().upcoming(most, start)
        return found._replace(now=found.now + self.by)

    def unfired(self, most: int, counted: int, start: int) -> list[UnfiredTick]:
        found = super().unfired(most, counted, start)
        return [tick._replace(now=tick.now + self.by) for tick in found]


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


def end_all_jobs(house: SchedulerHouse) -> None:
    bench = Bench(house.redis, house.keys)
    while jobs := bench.claim(100):
        for job in jobs:
            bench.settle(job, "finished")


def test_what_ran_early_stands_for_no_tick_that_is_owed_before_it(
    house: SchedulerHouse, book: Ahead
) -> None:
    house.create(interval=3600, missed_runs="last")
    runner = house.runner(book)
    run_ahead(runner, book, DAY)
    runner.step()
    ran_early = house.jobs()
    house.stand_still_since("nightly", 2 * SECOND)
    upcoming = house.book.upcoming(1)
    assert house.runner()._advance(upcoming.schedules[0], upcoming)
    run(
        house.engine,
        "UPDATE schedule_ticks SET planned_at = planned_at - interval '1 minute',"
        " due_at = due_at - interval '1 minute' WHERE outcome = 'planned'",
    )

    house.catch_up()

    assert len(house.jobs()) == len(ran_early) + 1


def test_what_ran_early_hides_no_job_that_runs(house: SchedulerHouse, book: Ahead) -> None:
    house.create(interval=3600, missed_runs="all")
    runner = house.runner(book)
    run_ahead(runner, book, DAY)
    runner.step()
    end_all_jobs(house)
    house.service.change("nightly", by=ANNA, overlap="skip")
    first = house.stand_still_since("nightly", 5 * SECOND)
    house.catch_up()

    second = house.stand_still_since("nightly", 2 * SECOND)
    house.catch_up()

    outcomes = {tick.planned_at: tick.outcome for tick in house.ticks()}
    assert (outcomes[first], outcomes[second]) == (TickOutcome.RAN, TickOutcome.SKIPPED)


def test_a_job_that_began_early_and_still_runs_is_in_the_way(
    house: SchedulerHouse, book: Ahead
) -> None:
    house.create(interval=3600, overlap="skip")
    for seconds in range(9, 3, -1):
        house.stand_still_since("nightly", seconds * SECOND)
        house.catch_up()
        end_all_jobs(house)
    runner = house.runner(book)
    run_ahead(runner, book, DAY)
    runner.step()

    late = house.stand_still_since("nightly", 2 * SECOND)
    house.catch_up()

    outcomes = {tick.planned_at: tick.outcome for tick in house.ticks()}
    assert outcomes[late] is TickOutcome.SKIPPED


def test_what_was_planned_early_and_not_fired_runs_when_it_comes(
    house: SchedulerHouse, book: Ahead
) -> None:
    house.create(interval=3600, overlap="skip")
    full = Refusing(QueueFull("full"))
    run_ahead(house.runner(book, full), book, DAY)
    house.catch_up()
    assert house.jobs() == []

    planned = house.stand_still_since("nightly", 2 * SECOND)
    house.catch_up()

    assert house.jobs() == [job_id_of(house.service.get("nightly").schedule.id, planned)]


def test_a_run_by_hand_waits_for_no_clock(house: SchedulerHouse) -> None:
    schedule = house.create(interval=3600)
    away = house.runner(queue=Refusing(QueueUnavailable("away")))
    away.fire_by_hand(schedule, house.store.now() + DAY, by="anna", reason="")

    house.catch_up()

    assert len(house.jobs()) == 1
