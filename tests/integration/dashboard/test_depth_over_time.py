"""What waited over time on the overview, its queues with and without Redis, and where signs lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.bootstrap.schedule_parts import scheduler_loops
from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.history.queue_depth import QueueDepth
from backend.history.reading.depth_store import PostgresDepthStore
from backend.loops.depth_sampler import DepthSampler
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.visitor import Visitor
from tests.integration.history.databases import run

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def store(stage: Stage) -> Iterator[PostgresDepthStore]:
    """Without a sample."""
    engine = stage.platform.history_engine
    run(engine, "TRUNCATE queue_depths")
    yield PostgresDepthStore(engine)
    run(engine, "TRUNCATE queue_depths")


def _sample(ago: timedelta, queue: str, waiting: int, oldest: float) -> QueueDepth:
    at = datetime.now(UTC) - ago
    return QueueDepth(at.replace(second=0, microsecond=0), queue, waiting, oldest)


def _labels(page: str) -> list[str]:
    return re.findall(r'class="chart" [^>]*aria-label="([^"]+)"', page)


def _sign(page: str, text: str) -> str:
    found = [
        sign for sign in re.findall(r'<p class="sign .*?</p>', page, re.DOTALL) if text in sign
    ]
    assert len(found) == 1, page
    return found[0]


def test_what_waited_is_drawn_over_each_stretch_of_time(
    admin: Visitor, store: PostgresDepthStore
) -> None:
    lately, yesterday = 10 * MINUTE, 30 * HOUR
    store.add([_sample(lately, "", 9, 40.0), _sample(lately, "high", 7, 40.0)])
    store.add([_sample(yesterday, "", 80, 7200.0), _sample(yesterday, "low", 80, 7200.0)])

    hour, day, week = (_labels(admin.get(f"?range={each}").text) for each in ("", "day", "week"))

    assert "Jobs waiting, last hour: at most 9" in hour
    assert "Wait of the oldest job, last hour: at most 40 s" in hour
    assert "Jobs waiting, last day: at most 9" in day
    assert "Jobs waiting, last week: at most 80" in week
    assert "Wait of the oldest job, last week: at most 2 h" in week
    of_high = _labels(admin.get("?queue=high").text)
    assert "Jobs waiting of high, last hour: at most 7" in of_high
    of_low = _labels(admin.get("?queue=low").text)
    assert "Jobs waiting of low, last hour: at most 0" in of_low
    assert "Wait of the oldest job of low, last hour: at most –" in of_low


def test_what_the_scheduler_samples_is_on_the_page(
    stage: Stage, admin: Visitor, store: PostgresDepthStore
) -> None:
    for _ in range(3):
        stage.platform.queue_service.enqueue_job("sync_customer", {})
    loops = scheduler_loops(stage.platform, "by-hand")
    [sampler] = [loop for loop in loops if isinstance(loop, DepthSampler)]

    sampler.run_once()
    for loop in loops:
        loop.close()

    page = admin.get("?queue=normal").text
    assert "Jobs waiting of normal, last hour: at most 3" in _labels(page)
    assert re.search(r"<title>\d\d:\d\d UTC: 3 waiting</title>", page)


def test_a_backlog_that_grows_is_a_sign_that_leads_to_its_jobs(
    stage: Stage, admin: Visitor, store: PostgresDepthStore
) -> None:
    store.add([_sample(15 * MINUTE, "", 20, 1.0), _sample(15 * MINUTE, "normal", 20, 1.0)])
    for _ in range(100):
        stage.platform.queue_service.enqueue_job("sync_customer", {})

    page = admin.get().text

    grows = _sign(page, "100 jobs wait in normal, 20 did 15 min ago")
    assert 'href="/dashboard/jobs/search?queue=normal&amp;state=queued"' in grows
    assert 'href="/dashboard/jobs/workers"' in _sign(page, "no worker is alive; 100 jobs wait")


def test_a_missed_tick_is_a_sign_on_the_page_and_in_the_api(stage: Stage, admin: Visitor) -> None:
    stage.parts.schedules.create(
        "overdue-one", "sync_customer", by=Actor("ada", Role.OPERATOR), interval=60
    )
    engine = stage.platform.history_engine
    sql = "UPDATE schedules SET next_at = :at, next_due_at = :at WHERE name = 'overdue-one'"
    run(engine, sql, at=datetime.now(UTC) - 5 * MINUTE)
    try:
        sign = _sign(admin.get().text, "the schedule overdue-one has missed its tick for 5 min")
        found = stage.parts.overview.overview().signs
    finally:
        run(engine, "DELETE FROM schedules WHERE name = 'overdue-one'")

    assert 'href="/dashboard/jobs/schedules/overdue-one"' in sign
    assert ("ticks_missed", "overdue-one") in [(each.code, each.subject) for each in found]


def test_a_queue_that_only_history_knows_is_listed(stage: Stage, admin: Visitor) -> None:
    _end(stage)
    stage.platform.redis.flushall()
    stage.platform.load_library()

    page = Visitor(stage.app).signed_in(BOOTSTRAP).get().text

    row = re.search(r'search\?queue=normal">normal</a>.*?</tr>', page, re.DOTALL)
    assert row is not None
    assert re.findall(r"<td[^>]*>([^<]*)</td>", row[0])[:4] == ["0", "–", "0", "0"]


def test_without_redis_the_queues_are_listed_from_history(
    stage: Stage, dashboard_database: str, tmp_path: Path
) -> None:
    _end(stage)
    with _WithoutRedis(
        "redis://127.0.0.1:9/0", dashboard_database, tmp_path, prefix="half"
    ) as half:
        page = Visitor(half.app).signed_in(BOOTSTRAP).get().text

    assert "Redis is away" in page
    assert re.search(r'search\?queue=normal">normal</a>.*?</tr>', page, re.DOTALL)
    assert '<th scope="col" class="n">Running</th>' not in page
    assert "The books" not in page


class _WithoutRedis(Stage):
    def load(self) -> None:
        """Nothing is loaded into a Redis that is not there."""


def _end(stage: Stage) -> None:
    """One attempt ends well, and is recorded."""
    stage.platform.queue_service.enqueue_job("sync_customer", {})
    PuppetWorker(stage.platform, ["default"]).work_off()
    stage.record()
