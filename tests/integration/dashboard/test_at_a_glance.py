"""What pages tell at one glance: how the jobs of a schedule ended, and all that a worker runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from backend.broker.jobs.dispatch import RedisDispatch
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.domain.ports import ClaimPlan
from tests.e2e.stage import Stage
from tests.integration.dashboard.dead_jobs import dead_jobs
from tests.integration.dashboard.visitor import Visitor
from tests.integration.history.databases import run

_TICK = text(
    "INSERT INTO schedule_ticks (schedule_id, planned_at, due_at, outcome, job_id, reason, decided_at) "
    "SELECT id, :at, :at, :outcome, :job_id, :reason, :at FROM schedules WHERE name = :name"
)


@pytest.fixture(autouse=True)
def no_schedules(stage: Stage) -> Iterator[None]:
    """None before, and none after: a job of theirs would lead nowhere."""
    run(stage.platform.history_engine, "TRUNCATE schedules, schedule_ticks CASCADE")
    yield
    run(stage.platform.history_engine, "TRUNCATE schedules, schedule_ticks CASCADE")


def _tick(stage: Stage, minute: int, outcome: str, job_id: str | None = None) -> None:
    values = {
        "at": datetime(2026, 3, 10, 12, tzinfo=UTC) + timedelta(minutes=minute),
        "outcome": outcome,
        "job_id": job_id,
        "reason": "still running" if outcome == "skipped" else None,
        "name": "failing",
    }
    with stage.platform.history_engine.begin() as connection:
        connection.execute(_TICK, values)


def test_a_schedule_whose_jobs_fail_says_so_where_it_is_listed(
    admin: Visitor, stage: Stage
) -> None:
    admin.send("/schedules", name="failing", job_type="sync_customer", cron="@daily", payload="{}")
    dead = dead_jobs(stage, 2)
    new = stage.platform.queue_service.enqueue_job("sync_customer", {})
    _tick(stage, 0, "skipped")
    _tick(stage, 1, "ran", new)
    _tick(stage, 2, "ran", dead[0])
    _tick(stage, 3, "ran", dead[1])

    listed = admin.get("/schedules").text
    own = admin.get("/schedules/failing").text

    assert '<span class="state failed">failed</span> <time datetime="2026-03-10T12:03' in listed
    for page in (listed, own):
        assert re.findall(r'aria-label="(last ticks[^"]*)"', page) == [
            "last ticks: 2 failed, 1 skipped, 1 enqueued"
        ]
        assert re.findall(r'<rect class="(\w+)" x="\d+" width="5"', page) == [
            "canceled", "queued", "failed", "failed",
        ]  # fmt: skip
    assert own.count('<span class="state failed">failed</span>') == 2


def test_a_worker_is_shown_with_all_that_it_runs_before_its_heartbeat_tells(
    admin: Visitor, stage: Stage
) -> None:
    platform = stage.platform
    presence = RedisWorkerPresence(
        platform.redis, platform.keys, name="w1", lane="default", queues=("normal",), slots=4, lifetime=60
    )  # fmt: skip
    presence.register()
    jobs = [platform.queue_service.enqueue_job("sync_customer", {}) for _ in range(3)]
    dispatch = RedisDispatch(
        platform.redis, platform.keys, worker="w1", lanes=["default"], lease=60
    )
    dispatch.settle_and_claim([], [ClaimPlan("normal", 0)], 3)

    page = admin.get("/workers").text

    dispatch.close()
    assert "1 alive, 3 of 4 slots busy" in page
    assert '<span class="state started">busy</span>' in page
    assert all(f"/job/{job_id}" in page for job_id in jobs)
    assert 'href="/dashboard/jobs/search?worker=w1">w1</a>' in page
