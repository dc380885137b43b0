"""A scheduler that dies between any two of its steps neither loses nor doubles a tick."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.errors import HistoryUnavailable, QueueFull, QueueUnavailable
from backend.domain.schedules.schedule_tick import TickOutcome
from tests.integration.broker.bench import Bench
from tests.integration.history.databases import run
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

RAN, MISSED, PLANNED = TickOutcome.RAN, TickOutcome.MISSED, TickOutcome.PLANNED
SKIPPED = TickOutcome.SKIPPED
HOUR = timedelta(hours=1)


class Killed(BaseException):
    """The process is gone; nobody catches this."""


class Deadly:
    """A door to a store, at whose n-th call the process dies: before it, or when it is done."""

    def __init__(self, session_guard: Any, countdown: list[int], *, is_done_first: bool) -> None:
        self._session_guard, self._countdown, self._is_done_first = (
            session_guard,
            countdown,
            is_done_first,
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self._countdown[0] -= 1
            dies = self._countdown[0] == 0
            if dies and not self._is_done_first:
                raise Killed
            answer = getattr(self._session_guard, name)(*arguments, **named)
            if dies:
                raise Killed
            return answer

        return call


def step_until_killed(house: SchedulerHouse, calls: int, *, is_done_first: bool) -> bool:
    """One step of a scheduler that dies at its n-th call of a store; whether it came to that."""
    countdown = [calls]
    book = Deadly(house.book, countdown, is_done_first=is_done_first)
    queue = Deadly(house.queue, countdown, is_done_first=is_done_first)
    try:
        house.runner(book, queue).step()
    except Killed:
        return True
    return False


def forget_jobs(house: SchedulerHouse) -> None:
    """Every job runs and ends, and is forgotten as soon as its key allows."""
    bench = Bench(house.redis, house.keys)
    for job in bench.claim(100):
        house.redis.hset(house.keys.job(job.id), "result_ttl", 0)
        assert bench.settle(job, "finished") == 1
        if bench.field(job.id, "unique_until") is None:
            house.redis.delete(house.keys.job(job.id))


@pytest.mark.parametrize("is_done_first", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("jobs_are_gone", [False, True], ids=["jobs stay", "jobs are gone"])
@pytest.mark.parametrize("overlap", ["allow", "skip"])
def test_killed_at_any_call_of_a_store_each_tick_runs_once(
    house: SchedulerHouse, is_done_first: bool, jobs_are_gone: bool, overlap: str
) -> None:
    places = 0
    for calls in range(1, 100):
        name = f"nightly-{calls}"
        house.create(name, interval=3600, overlap=overlap)
        house.stand_still_since(name, timedelta(seconds=2))

        was_killed = step_until_killed(house, calls, is_done_first=is_done_first)
        if jobs_are_gone:
            forget_jobs(house)
        house.catch_up()

        assert [tick.outcome for tick in house.ticks(name)] == [RAN]
        if not was_killed:
            break
        places += 1

    assert len(house.jobs()) == len(set(house.jobs())) == places + 1
    assert places >= 6


def test_killed_again_and_again_while_it_makes_up_for_hours(house: SchedulerHouse) -> None:
    # So long an interval that no further tick comes due meanwhile.
    house.create(interval=3600, missed_runs="all")
    planned = house.stand_still_since("nightly", 50 * HOUR)

    for calls in range(1, 60):
        step_until_killed(house, calls, is_done_first=bool(calls % 2))
    house.catch_up()

    ticks = house.ticks()
    assert [tick.planned_at for tick in ticks] == [planned + HOUR * n for n in range(51)]
    assert {tick.outcome for tick in ticks} == {RAN}
    assert sorted(house.jobs()) == sorted(tick.job_id for tick in ticks)


def test_a_planned_tick_that_the_record_knows_is_not_fired_again(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", timedelta(seconds=2))
    step_until_killed(house, 4, is_done_first=True)
    (tick,) = house.ticks()
    assert tick.outcome is PLANNED
    run(
        house.engine,
        "INSERT INTO jobs (id, position, job_type, payload, status_version, status, version, queue)"
        " VALUES (:id, 1, 'report', '{}', 1, 'finished', 1, 'normal')",
        id=tick.job_id,
    )
    house.redis.flushall()

    house.catch_up()

    assert house.ticks()[0].outcome is RAN
    assert house.jobs() == []


def killed_between_writing_and_firing(house: SchedulerHouse, policy: str) -> None:
    """A tick that is planned, not fired, and whose scheduler is gone for hours."""
    house.create(missed_runs=policy, interval=3600)
    house.stand_still_since("nightly", timedelta(seconds=2))
    upcoming = house.book.upcoming(1)
    assert house.runner()._advance(upcoming.schedules[0], upcoming)
    run(
        house.engine,
        "UPDATE schedule_ticks SET planned_at = planned_at - interval '5 hours',"
        " due_at = due_at - interval '5 hours'",
    )


@pytest.mark.parametrize(("policy", "outcome"), [("skip", MISSED), ("last", RAN), ("all", RAN)])
def test_a_tick_that_was_written_but_not_fired_before_hours_of_downtime_follows_the_policy(
    house: SchedulerHouse, policy: str, outcome: TickOutcome
) -> None:
    killed_between_writing_and_firing(house, policy)

    house.catch_up()

    assert [tick.outcome for tick in house.ticks()] == [outcome]
    assert len(house.jobs()) == (outcome is RAN)


def test_of_such_ticks_and_those_missed_since_last_runs_one(house: SchedulerHouse) -> None:
    killed_between_writing_and_firing(house, "last")
    house.stand_still_since("nightly", timedelta(hours=3, minutes=30))

    house.catch_up()

    assert [tick.outcome for tick in house.ticks()] == [MISSED] * 4 + [RAN]
    assert len(house.jobs()) == 1


def test_such_a_tick_whose_job_is_there_ran_whatever_the_policy(house: SchedulerHouse) -> None:
    killed_between_writing_and_firing(house, "skip")
    job_id = house.ticks()[0].job_id
    schedule = house.service.get("nightly").schedule
    house.queue.enqueue([house.intake.job(schedule.plan, name="nightly", job_id=job_id)])

    house.catch_up()

    assert house.ticks()[0].outcome is RAN
    assert house.jobs() == [job_id]


class Refusing:
    """A queue that refuses."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def enqueue(self, _jobs: object) -> None:
        raise self._error

    def find(self, _job_id: str) -> None:
        return None


def test_a_full_queue_keeps_the_tick_owed_and_stops_nobody_else(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", timedelta(seconds=2))

    house.runner(queue=Refusing(QueueFull("full"))).step()
    assert house.ticks()[0].outcome is PLANNED
    house.catch_up()

    assert house.ticks()[0].outcome is RAN
    assert len(house.jobs()) == 1


def test_who_waits_for_a_full_queue_says_so_once(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", timedelta(seconds=2))
    full = house.runner(queue=Refusing(QueueFull("full")))

    with capture_logs() as lines:
        for _ in range(3):
            full.step()

    told = [line["schedule"] for line in lines if line["event"] == "schedule.waiting"]
    assert told == ["nightly"]


def test_a_tick_does_not_give_way_to_those_that_gave_way_to_it(house: SchedulerHouse) -> None:
    house.create(interval=3600, overlap="skip", missed_runs="last")
    full = house.runner(queue=Refusing(QueueFull("full")))
    house.stand_still_since("nightly", timedelta(seconds=5))
    full.step()
    house.stand_still_since("nightly", timedelta(seconds=2))
    full.step()
    assert [tick.outcome for tick in house.ticks()] == [PLANNED, SKIPPED]
    run(
        house.engine,
        "UPDATE schedule_ticks SET planned_at = planned_at - interval '1 minute',"
        " due_at = due_at - interval '1 minute'",
    )

    house.catch_up()

    assert [tick.outcome for tick in house.ticks()] == [RAN, SKIPPED]


def test_while_redis_is_away_nothing_is_lost(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", timedelta(seconds=2))

    for _ in range(3):
        with pytest.raises(QueueUnavailable):
            house.runner(queue=Refusing(QueueUnavailable("away"))).step()
    house.catch_up()

    assert [tick.outcome for tick in house.ticks()] == [RAN]
    assert len(house.jobs()) == 1


def test_a_run_by_hand_while_redis_is_away_is_fired_when_it_is_back(house: SchedulerHouse) -> None:
    schedule = house.create()
    away = house.runner(queue=Refusing(QueueUnavailable("away")))

    job_id = away.fire_by_hand(schedule, house.store.now(), by="anna", reason="").job_id
    assert house.jobs() == []
    house.catch_up()

    assert house.jobs() == [job_id]
    assert house.ticks()[0].outcome is RAN


def owed_by_a_full_queue(house: SchedulerHouse) -> str:
    """A tick that is planned, and the id of its job, for which there was no room."""
    house.create()
    house.stand_still_since("nightly", timedelta(seconds=2))
    house.runner(queue=Refusing(QueueFull("full"))).step()
    (tick,) = house.ticks()
    assert tick.outcome is PLANNED
    return tick.job_id


@pytest.mark.parametrize(
    ("act", "words"), [("pause", "paused by anna"), ("delete", "deleted by anna")]
)
def test_a_tick_that_is_owed_when_its_schedule_is_stopped_does_not_run(
    house: SchedulerHouse, act: str, words: str
) -> None:
    owed_by_a_full_queue(house)

    getattr(house.service, act)("nightly", by=ANNA)
    house.catch_up()

    (tick,) = house.ticks()
    assert (tick.outcome, tick.reason, tick.job_id) == (SKIPPED, words, "")
    assert house.jobs() == []


def test_one_that_was_enqueued_before_ran(house: SchedulerHouse) -> None:
    job_id = owed_by_a_full_queue(house)
    schedule = house.service.get("nightly").schedule
    house.queue.enqueue([house.intake.job(schedule.plan, name="nightly", job_id=job_id)])

    house.service.pause("nightly", by=ANNA)
    house.catch_up()

    (tick,) = house.ticks()
    assert (tick.outcome, tick.job_id) == (RAN, job_id)


def test_a_pause_that_is_over_holds_no_tick_back(house: SchedulerHouse) -> None:
    job_id = owed_by_a_full_queue(house)

    house.service.pause("nightly", by=ANNA)
    house.service.resume("nightly", by=ANNA)
    house.catch_up()

    assert house.jobs() == [job_id]


@pytest.mark.parametrize(("act", "outcome"), [("pause", RAN), ("delete", SKIPPED)])
def test_a_run_by_hand_that_is_owed_outlives_a_pause_and_no_deletion(
    house: SchedulerHouse, act: str, outcome: TickOutcome
) -> None:
    schedule = house.create()
    away = house.runner(queue=Refusing(QueueUnavailable("away")))
    away.fire_by_hand(schedule, house.store.now(), by="anna", reason="")

    getattr(house.service, act)("nightly", by=ANNA)
    house.catch_up()

    assert house.ticks()[0].outcome is outcome
    assert len(house.jobs()) == (outcome is RAN)


def test_a_run_by_hand_while_postgres_is_away_is_refused_and_never_happens(
    house: SchedulerHouse,
) -> None:
    house.create()

    class Away:
        def ask(self, _tick: object) -> bool:
            raise HistoryUnavailable("away")

    schedule, now = house.service.get("nightly").schedule, house.store.now()
    with pytest.raises(HistoryUnavailable):
        house.runner(book=Away()).fire_by_hand(schedule, now, by=ANNA.name, reason="")
    house.catch_up()

    assert house.jobs() == []
    assert house.ticks() == []
