"""What would happen to jobs, without anything happening; then exactly that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from backend.broker.jobs.inspection import RedisInspection
from backend.broker.server.connection import connect
from backend.domain.errors import InvalidOption
from backend.domain.jobs.attempts.retry_policy import DEFAULT_DELAYS, RetryPolicy
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.follow_ups import follow_up_id
from backend.services.jobs.job_intake import JobIntake
from tests.integration.record.bureau import Bureau, new_id

ADA = {"job_type": "greet", "payload": {"name": "Ada"}}


def test_a_preview_tells_queue_time_retries_and_limits_and_enqueues_nothing(
    bureau: Bureau, redis: Redis
) -> None:
    bureau.enqueue(bureau.job(), bureau.job(), bureau.job())
    bureau.bench.functions.call("limit", "", "", "greet", 1)
    bureau.bench.claim(3)
    before = set(redis.scan_iter())

    plan = bureau.previews.preview_jobs(
        [{**ADA, "max_retries": 2, "limit_key": "acme", "limit": 4, "tags": ["a"]}]
    )

    (job,) = plan.jobs
    assert job.is_valid
    assert (job.queue, job.state, job.run_at) == ("normal", "queued", None)
    assert (job.max_attempts, job.retry_delays) == (3, (60.0, 300.0))
    assert (job.timeout, job.hard_timeout, job.isolation) == (180.0, 190.0, "thread")
    assert job.limits == (("type:greet", 1, 1, 2), ("key:acme", 4, 0, 0))
    assert (job.ahead, job.is_paused, job.payload_bytes) == (2, False, 14)
    assert plan.token is not None
    assert set(redis.scan_iter()) == before


def test_the_default_delays_are_shown_to_who_asks_for_them(bureau: Bureau) -> None:
    quick = JobType("quick", new_id, retry=RetryPolicy((5.0,)))
    intake = JobIntake(JobTypeCatalogue([quick]), bureau.rules, new_id=new_id, now=bureau.clock.now)
    previews = bureau.previews_of(intake)

    own, asked = previews.preview_jobs(
        [{"job_type": "quick"}, {"job_type": "quick", "retry_delays": DEFAULT_DELAYS}]
    ).jobs

    assert (own.retry_delays, asked.retry_delays) == ((5.0,), DEFAULT_DELAYS)


def test_a_preview_tells_when_a_delayed_job_would_run(bureau: Bureau) -> None:
    soon = datetime.now(UTC) + timedelta(hours=1)

    by_delay, by_time, past = bureau.previews.preview_jobs(
        [{**ADA, "delay": 3600}, {**ADA, "run_at": soon}, {**ADA, "run_at": datetime(2020, 1, 1)}]
    ).jobs

    assert by_time.run_at == soon
    assert by_delay.run_at is not None
    assert abs(by_delay.run_at - soon) < timedelta(seconds=5)
    assert (by_time.state, past.state, past.run_at) == ("scheduled", "queued", None)


def test_a_wrong_request_is_named_and_the_plan_has_no_token(bureau: Bureau) -> None:
    plan = bureau.previews.preview_jobs(
        [ADA, {"job_type": "grete"}, {**ADA, "payload": {}}, {"payload": {}}]
    )

    assert [job.is_valid for job in plan.jobs] == [True, False, False, False]
    assert [job.error["code"] for job in plan.jobs[1:] if job.error] == [
        "unknown_job_type",
        "invalid_payload",
        "invalid_option",
    ]
    assert plan.token is None


def test_a_pause_shows_in_the_preview(bureau: Bureau) -> None:
    bureau.bench.functions.call("pause", "type:greet")

    assert bureau.previews.preview_jobs([ADA]).jobs[0].is_paused is True


def test_without_redis_a_preview_still_tells_what_is_valid(bureau: Bureau) -> None:
    away = RedisInspection(connect("redis://127.0.0.1:1"), bureau.keys)
    previews = bureau.previews_of(bureau.intake, away)

    (job,) = previews.preview_jobs([{**ADA, "limit_key": "acme", "limit": 4}]).jobs

    assert job.is_valid
    assert (job.ahead, job.is_paused) == (None, None)
    assert job.limits == (("key:acme", 4, None, None),)


def test_what_follows_a_job_of_a_plan_is_told_the_id_that_it_gets(bureau: Bureau) -> None:
    """The look gave it another one."""
    hook = {"job_type": "send_webhook", "payload": {"url": "https://example.com"}}
    request: Any = {**ADA, "on_success": hook, "on_failure": "count"}
    token = bureau.previews.preview_jobs([request]).token
    assert token is not None

    [reply] = bureau.previews.enqueue_plan([request], token)

    job = bureau.queue.find(reply.id)
    assert job is not None
    assert [(each.id, each.payload) for each in job.follow_ups] == [
        (follow_up_id(reply.id, "on_success"), hook["payload"]),
        (follow_up_id(reply.id, "on_failure"), None),
    ]
    other: Any = {**request, "on_success": {**hook, "payload": {"url": "https://example.org"}}}
    with pytest.raises(InvalidOption, match="not the jobs that were previewed"):
        bureau.previews.enqueue_plan([other], token)


def test_a_previewed_plan_can_be_enqueued_and_only_once(bureau: Bureau) -> None:
    requests = [ADA, {**ADA, "delay": 60}, {**ADA, "job_id": "mine", "result_ttl": 0}]
    token = bureau.previews.preview_jobs(requests).token
    assert token is not None

    first = bureau.previews.enqueue_plan(requests, token)
    bureau.run_all()
    again = bureau.previews.enqueue_plan(requests, token)

    assert [reply.id for reply in first] == [reply.id for reply in again]
    assert first[2].id == "mine"
    assert [reply.created for reply in again] == [False, False, False]
    assert bureau.bench.count("accepted") == 3


def test_two_previews_of_the_same_jobs_are_two_plans(bureau: Bureau) -> None:
    tokens = [bureau.previews.preview_jobs([ADA]).token for _ in range(2)]

    ids = {bureau.previews.enqueue_plan([ADA], token)[0].id for token in tokens if token}

    assert len(ids) == 2


def test_a_plan_that_changed_since_its_preview_is_refused(bureau: Bureau) -> None:
    token = bureau.previews.preview_jobs([ADA]).token
    assert token is not None

    with pytest.raises(InvalidOption, match="not the jobs that were previewed"):
        bureau.previews.enqueue_plan([{**ADA, "payload": {"name": "Eve"}}], token)
    with pytest.raises(InvalidOption, match="not the token"):
        bureau.previews.enqueue_plan([ADA], "plan-1")


def test_an_old_plan_is_refused(bureau: Bureau) -> None:
    token = bureau.previews.preview_jobs([ADA]).token
    assert token is not None
    later = bureau.previews_of(bureau.intake, now=lambda: datetime.now(UTC) + timedelta(hours=2))

    with pytest.raises(InvalidOption, match="too old"):
        later.enqueue_plan([ADA], token)
