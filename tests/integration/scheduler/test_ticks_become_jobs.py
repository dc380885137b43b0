"""Each planned tick becomes one row, and each row that runs one job."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.domain.jobs.job_state import JobState
from backend.domain.schedules.schedule_tick import TickOutcome, due_at_of
from tests.eventually import eventually
from tests.integration.history.databases import rows, run
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

MILLISECOND, SECOND = timedelta(milliseconds=1), timedelta(seconds=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
RAN, MISSED, SKIPPED = TickOutcome.RAN, TickOutcome.MISSED, TickOutcome.SKIPPED


def outcomes(house: SchedulerHouse) -> list[TickOutcome]:
    return [tick.outcome for tick in house.ticks()]


def test_a_due_tick_runs_once_and_says_which_job_and_how_late(house: SchedulerHouse) -> None:
    schedule = house.create(payload={"of": "sales"}, priority="high")
    planned = house.stand_still_since("nightly", 2 * SECOND)

    before = house.store.now()
    house.catch_up()
    after = house.store.now()

    (tick,) = house.ticks()
    assert tick.planned_at == planned
    assert tick.outcome is RAN
    assert tick.job_id == f"{schedule.id}-{planned:%Y%m%dT%H%M%S}"
    assert tick.late_seconds is not None
    assert before - planned <= timedelta(seconds=tick.late_seconds) <= after - planned + MILLISECOND
    job = house.queue.find(tick.job_id)
    assert job is not None
    assert (job.state, job.queue, job.payload) == (JobState.QUEUED, "high", {"of": "sales"})
    assert job.options["schedule"] == "nightly"


def test_the_next_tick_is_counted_from_the_plan_not_from_now(house: SchedulerHouse) -> None:
    house.create()
    planned = house.stand_still_since("nightly", 7 * SECOND)

    house.catch_up()

    assert house.service.get("nightly").schedule.next_at == planned + MINUTE


def test_nothing_runs_before_its_time(house: SchedulerHouse) -> None:
    house.create(interval=3600)

    assert house.runner().step() == 1.0
    assert house.ticks() == []
    assert house.jobs() == []


def test_the_wait_ends_when_the_next_tick_is_due(house: SchedulerHouse) -> None:
    house.create(interval=60)
    run(
        house.engine,
        "UPDATE schedules SET next_at = now() + interval '300 ms',"
        " next_due_at = now() + interval '300 ms'",
    )

    assert house.runner().step() <= 0.3


def test_an_interval_of_a_second_misses_none(house: SchedulerHouse) -> None:
    house.create(interval=1, missed_runs="skip")
    runner = house.runner()

    eventually(lambda: runner.step() is not None and len(house.ticks()) >= 4, timeout=10)

    planned = [tick.planned_at for tick in house.ticks()]
    assert planned == [planned[0] + SECOND * number for number in range(len(planned))]
    assert set(outcomes(house)) == {RAN}
    assert house.jobs() == [tick.job_id for tick in house.ticks()]


@pytest.mark.parametrize(("policy", "ran"), [("skip", 0), ("last", 1), ("all", 5)])
def test_after_hours_of_downtime_missed_runs_does_what_it_says_once(
    house: SchedulerHouse, policy: str, ran: int
) -> None:
    house.create(interval=3600, missed_runs=policy)
    house.stand_still_since("nightly", 4.5 * timedelta(hours=1))

    house.catch_up()
    house.catch_up()

    assert outcomes(house) == [MISSED] * (5 - ran) + [RAN] * ran
    assert len(house.jobs()) == ran
    assert all("nobody fired it" in tick.reason for tick in house.ticks()[: 5 - ran])


def test_two_months_of_hours_are_made_up_for_in_pieces_and_each_tick_has_its_row(
    house: SchedulerHouse,
) -> None:
    # So long an interval that no further tick comes due meanwhile.
    house.create(interval=3600, missed_runs="all")
    planned = house.stand_still_since("nightly", timedelta(days=60, seconds=31))

    house.catch_up()

    ticks = house.ticks()
    assert [tick.planned_at for tick in ticks] == [planned + HOUR * n for n in range(1441)]
    assert outcomes(house) == [MISSED] * 1341 + [RAN] * 100
    assert sorted(house.jobs()) == sorted(tick.job_id for tick in ticks if tick.job_id)


def test_a_tick_is_skipped_while_the_job_before_it_still_waits(house: SchedulerHouse) -> None:
    house.create(overlap="skip", missed_runs="all")
    house.stand_still_since("nightly", 5 * SECOND)
    house.catch_up()
    first = house.ticks()[0].job_id

    run(house.engine, "UPDATE schedules SET next_at = now(), next_due_at = now()")
    house.catch_up()

    assert outcomes(house) == [RAN, SKIPPED]
    assert house.ticks()[1].reason == f"its job {first} is still queued"
    assert len(house.jobs()) == 1


def test_a_tick_runs_when_the_job_before_it_has_ended(house: SchedulerHouse) -> None:
    house.create(overlap="skip")
    house.stand_still_since("nightly", 5 * SECOND)
    house.catch_up()
    house.redis.hset(house.keys.job(house.ticks()[0].job_id), "status", "failed")

    run(house.engine, "UPDATE schedules SET next_at = now(), next_due_at = now()")
    house.catch_up()

    assert outcomes(house) == [RAN, RAN]


def test_a_paused_schedule_does_not_tick_and_resumes_from_now(house: SchedulerHouse) -> None:
    house.create(missed_runs="all")
    house.service.pause("nightly", by=ANNA)
    house.catch_up()
    assert house.service.get("nightly").schedule.next_at is None

    resumed = house.service.resume("nightly", by=ANNA)

    assert house.ticks() == []
    assert resumed.next_at is not None
    assert resumed.next_at > house.store.now()


def test_a_job_type_that_is_gone_is_a_skipped_tick_and_stops_nobody_else(
    house: SchedulerHouse,
) -> None:
    house.create()
    house.stand_still_since("nightly", SECOND)
    house.know("something_else")

    house.catch_up()

    (tick,) = house.ticks()
    assert tick.outcome is SKIPPED
    assert "there is no job type 'report'" in tick.reason


def test_a_schedule_that_cannot_be_read_does_not_stop_the_others(house: SchedulerHouse) -> None:
    house.create("broken", cron="0 0 * * *")
    house.create("nightly")
    house.stand_still_since("broken", 20 * SECOND)
    house.stand_still_since("nightly", 5 * SECOND)
    run(house.engine, "UPDATE schedules SET time_zone = 'Mars/Base' WHERE name = 'broken'")

    house.catch_up()

    assert outcomes(house) == [RAN]
    assert house.runner().step() > 0
    assert [view.schedule.name for view in house.service.list_all(overdue=True)] == ["broken"]


def test_the_database_itself_refuses_a_second_row_for_a_tick(house: SchedulerHouse) -> None:
    house.create()
    planned = house.stand_still_since("nightly", 5 * SECOND)
    house.catch_up()
    run(house.engine, "UPDATE schedules SET next_at = :at, next_due_at = :at", at=planned)

    house.catch_up()

    assert outcomes(house) == [RAN]
    assert len(house.jobs()) == 1


def test_two_schedulers_that_look_at_once_fire_each_tick_once(house: SchedulerHouse) -> None:
    house.create(missed_runs="all")
    house.stand_still_since("nightly", 10 * MINUTE)
    seen = house.book.upcoming(10)
    one, other = house.runner(), house.runner()

    moved = [runner._advance(seen.schedules[0], seen) for runner in (one, other)]
    one.step()
    other.step()

    assert moved == [True, False]
    assert outcomes(house) == [RAN] * 11
    assert len(house.jobs()) == len(set(house.jobs())) == 11


def test_jitter_puts_a_tick_off_and_is_not_lateness(house: SchedulerHouse) -> None:
    house.create(interval=3600, jitter=1800)

    view = house.service.get("nightly")

    assert view.schedule.next_due_at is not None
    assert view.schedule.next_at is not None
    assert view.schedule.next_at < view.schedule.next_due_at
    assert view.schedule.next_due_at < view.schedule.next_at + timedelta(seconds=1800)
    assert view.overdue_seconds == 0


def test_old_ticks_can_be_pruned_and_the_newest_stays(house: SchedulerHouse) -> None:
    house.create(interval=3600, missed_runs="skip")
    house.stand_still_since("nightly", timedelta(hours=6))
    house.catch_up()

    before = len(house.ticks())

    pruned = house.store.prune_ticks(house.store.now() + timedelta(days=1), 1000)

    assert pruned == before - 1 == 6
    assert len(house.ticks()) == 1
    assert rows(house.engine, "SELECT count(*) AS n FROM schedules")[0]["n"] == 1


def test_a_tick_that_only_its_jitter_holds_back_is_not_passed_over(house: SchedulerHouse) -> None:
    second = planned = house.store.now()
    while second - planned < timedelta(hours=1, minutes=5):
        # Its jitter follows from an id that is made anew.
        if house.service.list_all():
            house.service.delete("nightly", by=ANNA)
        schedule = house.create(interval=3600, jitter=3599)
        planned = house.stand_still_since("nightly", timedelta(seconds=3601))
        second = due_at_of(schedule.id, planned + timedelta(hours=1), 3599)

    house.catch_up()

    assert [tick.planned_at for tick in house.ticks()] == [planned]
    assert house.service.get("nightly").schedule.next_at == planned + timedelta(hours=1)
