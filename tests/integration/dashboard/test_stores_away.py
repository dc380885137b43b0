"""While a store is away, the other one's half of each page is shown, and the page says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.embedded.servers import Servers
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.visitor import HOME, Visitor

_NO_POSTGRES = "postgresql+psycopg2://tally@127.0.0.7:9/tally"
_NO_REDIS = "redis://127.0.0.7:9/0"


class _WithoutRedis(Stage):
    """Nothing is loaded into a Redis that is not there."""

    def load(self) -> None:
        """Left out."""


@pytest.fixture
def without_postgres(servers: Servers, tmp_path: Path) -> Iterator[Stage]:
    """A deployment whose record cannot be reached."""
    with Stage(servers.redis_url, _NO_POSTGRES, tmp_path, prefix="half") as stage:
        stage.platform.redis.flushall()
        stage.platform.load_library()
        yield stage


@pytest.fixture
def without_redis(dashboard_database: str, tmp_path: Path) -> Iterator[Stage]:
    """A deployment whose Redis cannot be reached."""
    with _WithoutRedis(_NO_REDIS, dashboard_database, tmp_path, prefix="half") as stage:
        yield stage


def test_without_postgres_live_parts_answer(without_postgres: Stage) -> None:
    jobs = without_postgres.platform.queue_service
    job_id = jobs.enqueue_job("sync_customer", {"a": 1})
    visitor = Visitor(without_postgres.app).signed_in(BOOTSTRAP)

    overview, listed = visitor.get(), visitor.get("/search")
    shown, dead = visitor.get(f"/job/{job_id}"), visitor.get("/dead")

    assert [page.status_code for page in (overview, listed, shown, dead)] == [200] * 4
    assert "History is away" in overview.text
    assert "Waiting" in overview.text
    assert "Postgres does not answer" in listed.text
    assert job_id in listed.text
    assert "cannot be read now" in shown.text
    assert visitor.get("/queues").status_code == 200
    assert visitor.get("/workers").status_code == 200
    assert visitor.get("/schedules").status_code == 503
    assert visitor.send("/queues/normal/pause", reason="outage").status_code == 303


def test_without_redis_history_answers(without_redis: Stage) -> None:
    visitor = Visitor(without_redis.app).signed_in(BOOTSTRAP)

    overview, listed, dead = visitor.get(), visitor.get("/search"), visitor.get("/dead")

    assert [page.status_code for page in (overview, listed, dead)] == [200] * 3
    assert "Redis is away" in overview.text
    assert "Redis does not answer" in listed.text
    assert "cannot be read now" in dead.text
    assert "No job is dead" not in dead.text
    assert visitor.get("/schedules").status_code == 200
    assert visitor.get("/queues").status_code == 503


def test_without_redis_a_job_is_as_the_record_saw_it_last(
    servers: Servers, dashboard_database: str, without_redis: Stage, tmp_path: Path
) -> None:
    with Stage(servers.redis_url, dashboard_database, tmp_path, prefix="half") as whole:
        job_id = whole.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600)
        whole.record()
    visitor = Visitor(without_redis.app).signed_in(BOOTSTRAP)

    page = visitor.get(f"/job/{job_id}").text

    assert "The record saw it scheduled last." in page
    assert "does not hold it" not in page


def test_while_redis_refuses_one_can_sign_in_look_and_is_told_what_did_not_happen(
    stage: Stage,
) -> None:
    redis = stage.platform.redis
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {})
    redis.config_set("min-replicas-to-write", 1)
    try:
        visitor = Visitor(stage.app).signed_in(BOOTSTRAP)
        shown = visitor.get(f"/job/{job_id}")
        paused = visitor.send("/queues/normal/pause", reason="the disk is full")
    finally:
        redis.config_set("min-replicas-to-write", 0)

    assert shown.status_code == 200
    assert paused.status_code == 503
    assert "too few replicas follow it" in paused.text


def test_no_page_tells_where_the_stores_stand(
    without_postgres: Stage, without_redis: Stage
) -> None:
    pages = []
    for stage in (without_postgres, without_redis):
        guess = {"token": "tally_key_" + "x" * 43}
        pages.append(Visitor(stage.app).browser.post(f"{HOME}/sign-in", data=guess))
        visitor = Visitor(stage.app).signed_in(BOOTSTRAP)
        jobs = ("/job/some-job", "/bulk/redrive?all=yes", "/bulk/cancel?type=sync_customer")
        listed = ("", "/search", "/dead", "/queues", "/workers", "/schedules", "/audit", "/keys")
        pages += [visitor.get(address) for address in (*listed, *jobs)]
        pages.append(visitor.send("/queues/normal/pause", reason="outage"))

    assert {page.status_code for page in pages} >= {200, 401, 503}
    assert [page.request.path for page in pages if "127.0.0.7" in page.text] == []
    assert any("Connection refused" in page.text for page in pages)
