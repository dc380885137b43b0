"""Delayed jobs lie where rq-scheduler looks for them; moving them is our step, by Redis' clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from redis import Redis
from rq_scheduler import Scheduler

from backend.broker.keys import Keys
from backend.broker.schedules.job_promoter import JobPromoter
from backend.broker.server.connection import connect_blocking
from backend.domain.errors import InvalidRequest, QueueUnavailable
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.embedded.servers import Servers
from backend.services.jobs.job_intake import IntakeRules, JobIntake
from backend.services.queue_service import QueueService
from tests.eventually import eventually
from tests.integration.scheduler.scheduler_house import SchedulerHouse, do_nothing

HOUR = timedelta(hours=1)


class Desk:
    """Enqueues delayed jobs."""

    def __init__(self, house: SchedulerHouse) -> None:
        self._queue = house.queue
        self._numbers = iter(range(1000))
        catalogue = JobTypeCatalogue([JobType("report", do_nothing)])
        intake = JobIntake(
            catalogue,
            IntakeRules(),
            new_id=lambda: f"job-{next(self._numbers)}",
            now=house.clock.now,
        )
        self.service = QueueService(house.queue, intake)

    def at(self, run_at: datetime | None = None, **options: Any) -> str:
        return self.service.enqueue_job("report", {"n": 1}, run_at=run_at, **options)

    def state(self, job_id: str) -> JobState:
        return self.service.get_job(job_id).state


@pytest.fixture
def desk(house: SchedulerHouse) -> Desk:
    return Desk(house)


@pytest.fixture
def promoter(redis: Redis, servers: Servers) -> JobPromoter:
    return JobPromoter(redis, connect_blocking(servers.redis_url), Keys("rq"), name="here")


def test_rq_schedulers_own_class_sees_our_delayed_jobs(desk: Desk, redis: Redis) -> None:
    now = datetime.now(UTC)
    late, soon = desk.at(now + 2 * HOUR), desk.at(now + HOUR)
    stock = Scheduler(connection=redis)

    assert [job.id for job in stock.get_jobs()] == [soon, late]
    assert [job.id for job in stock.get_jobs(until=timedelta(minutes=90))] == [soon]
    assert stock.count() == 2
    assert soon in stock
    (_, at), *_ = stock.get_jobs(with_times=True)
    assert abs(at - (now + HOUR).replace(tzinfo=None)) < timedelta(seconds=1)


def test_our_promoter_reads_the_same_and_never_unpickles(desk: Desk, promoter: JobPromoter) -> None:
    job_id = desk.at(delay=60)

    (job,) = promoter.get_jobs()

    assert job.id == job_id
    assert job.args == ["report", {"n": 1}]
    assert job.origin == "normal"


def test_reading_a_job_whose_hash_is_gone_takes_nothing_away(
    desk: Desk, promoter: JobPromoter, redis: Redis
) -> None:
    redis.delete(Keys("rq").job(desk.at(delay=60)))

    assert list(promoter.get_jobs()) == []
    assert promoter.count() == 1


def test_it_moves_what_is_due_and_leaves_the_rest(desk: Desk, promoter: JobPromoter) -> None:
    due = [desk.at(delay=0.001) for _ in range(450)]
    later = desk.at(delay=60)
    promoter.wait_for_change(0.05)

    assert promoter.enqueue_jobs() == 450

    assert {desk.state(job_id) for job_id in due} == {JobState.QUEUED}
    assert desk.state(later) is JobState.SCHEDULED
    promoter.run(burst=True)
    assert promoter.count() == 1


def test_cancel_ends_a_waiting_job_everywhere(desk: Desk, promoter: JobPromoter) -> None:
    job_id = desk.at(delay=60)

    promoter.cancel(job_id)
    promoter.cancel("nobody")

    assert desk.state(job_id) is JobState.CANCELED
    assert job_id not in promoter


def test_what_rq_scheduler_does_in_several_steps_is_refused(promoter: JobPromoter) -> None:
    now = datetime.now(UTC)
    for act in (
        lambda: promoter.enqueue_at(now, do_nothing),
        lambda: promoter.enqueue_in(HOUR, do_nothing),
        lambda: promoter.schedule(now, do_nothing, interval=60),
        lambda: promoter.cron("* * * * *", do_nothing),
        lambda: promoter.change_execution_time(None, now),
    ):
        with pytest.raises(InvalidRequest, match="QueueService"):
            act()


def test_it_shows_itself_under_rq_schedulers_key(promoter: JobPromoter, redis: Redis) -> None:
    promoter.promote(1, 0)

    assert redis.hexists("rq:scheduler_instance:here", "birth")
    assert 0 < redis.ttl("rq:scheduler_instance:here") <= 30


def test_what_is_due_moves_and_is_told_though_memory_is_full(
    desk: Desk, promoter: JobPromoter, redis: Redis
) -> None:
    job_id = desk.at(delay=0.001)
    redis.config_set("maxmemory", 1)
    try:
        eventually(lambda: promoter.promote(10, 0).moved == 1)
    finally:
        redis.config_set("maxmemory", 0)

    assert desk.state(job_id) is JobState.QUEUED


def test_a_sign_of_life_that_fails_is_told_once_in_a_while(
    promoter: JobPromoter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise QueueUnavailable("NOPERM")

    monkeypatch.setattr(promoter, "heartbeat", fail)

    with pytest.raises(QueueUnavailable):
        promoter.promote(10, 0)
    assert promoter.promote(10, 0).moved == 0


def test_a_stock_scheduler_beside_it_keeps_its_hands_off(
    desk: Desk, promoter: JobPromoter, redis: Redis
) -> None:
    promoter.promote(1, 0)

    assert not Scheduler(connection=redis, interval=1).acquire_lock()


def test_another_prefix_has_its_own_keys(servers: Servers, redis: Redis) -> None:
    promoter = JobPromoter(redis, connect_blocking(servers.redis_url), Keys("{shop}"), name="here")

    promoter.promote(1, 0)

    assert promoter.scheduled_jobs_key == "{shop}:scheduler:scheduled_jobs"
    # RQ 2 says it in bytes up to 2.4.
    assert promoter.job_class.key_for("x") in {"{shop}:job:x", b"{shop}:job:x"}
    assert redis.exists("{shop}:scheduler_instance:here")


def test_a_time_in_the_past_runs_now(desk: Desk) -> None:
    assert desk.state(desk.at(datetime.now(UTC) - 400 * HOUR)) is JobState.QUEUED


def test_ten_years_ahead_is_kept_to_the_millisecond(desk: Desk, redis: Redis) -> None:
    run_at = datetime(2036, 11, 22, 9, 30, 15, 123000, tzinfo=UTC)

    job_id = desk.at(run_at)

    assert desk.state(job_id) is JobState.SCHEDULED
    assert redis.zscore(Keys("rq").schedule, job_id) == run_at.timestamp()


def test_a_naive_time_means_utc(desk: Desk, redis: Redis) -> None:
    job_id = desk.at(datetime(2036, 1, 1, 9))

    assert (
        redis.zscore(Keys("rq").schedule, job_id) == datetime(2036, 1, 1, 9, tzinfo=UTC).timestamp()
    )


@pytest.mark.parametrize("shift", [timedelta(days=-2), timedelta(days=2)])
def test_a_local_clock_that_is_wrong_promotes_nothing_early_or_late(
    desk: Desk, promoter: JobPromoter, shift: timedelta
) -> None:
    due, later = desk.at(delay=0.001), desk.at(delay=3600)
    promoter.wait_for_change(0.05)

    with freeze_time(datetime.now() + shift, tick=True):
        promoter.enqueue_jobs()

    assert desk.state(due) is JobState.QUEUED
    assert desk.state(later) is JobState.SCHEDULED
