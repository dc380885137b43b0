"""Hashes that leave out what most jobs have: every reader knows what is not there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rq.job import Job
from rq.serializers import JSONSerializer

from backend.broker.jobs.absent_fields import ABSENT
from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.job_queue import RedisJobQueue
from backend.broker.jobs.lease_book import RedisLeaseBook
from backend.broker.server import library
from tests.integration.broker.bench import ERROR, Bench, new_job

_COMMON: dict[str, Any] = {"max_attempts": 4, "timeout": 180.0, "result_ttl": 3600}


def _fields(bench: Bench, job_id: str) -> set[str]:
    found: Any = bench.redis.hkeys(bench.keys.job(job_id))
    return {name.decode() for name in found}


_ALWAYS = {"status", "created_at", "origin", "description", "data"}


def test_what_is_as_with_most_jobs_is_left_out(bench: Bench) -> None:
    bench.enqueue(new_job("a", **_COMMON), lean=True)

    assert _fields(bench, "a") == _ALWAYS


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        ({"max_attempts": 1}, {"max_attempts"}),
        ({"timeout": 60.0}, {"timeout"}),
        ({"result_ttl": 0}, {"result_ttl"}),
        ({"options": {"tenant": "t"}}, {"options"}),
        ({"delay": 60.0, "options": {"tenant": "t"}}, {"options"}),
    ],
)
def test_what_is_the_jobs_own_is_written(bench: Bench, own: dict[str, Any], kept: set[str]) -> None:
    bench.enqueue(new_job("a", **{**_COMMON, **own}), lean=True)

    assert _fields(bench, "a") == _ALWAYS | kept


def test_a_worker_gets_the_same_job(bench: Bench) -> None:
    bench.enqueue(new_job("full", **_COMMON))
    bench.enqueue(new_job("lean", **_COMMON), lean=True)

    full, lean = bench.claim(2)

    assert lean._replace(id=full.id, fence=full.fence, wait=full.wait) == full
    assert (lean.max_attempts, lean.timeout, lean.options) == (4, 180.0, b"{}")
    assert 0 <= lean.wait <= 60


@pytest.mark.parametrize("delay", [0.0, 60.0])
def test_people_see_the_same_job(bench: Bench, delay: float) -> None:
    bench.enqueue(new_job("full", delay=delay, **_COMMON))
    bench.enqueue(new_job("lean", delay=delay, **_COMMON), lean=True)
    queue = RedisJobQueue(bench.redis, bench.redis, bench.keys)

    full, lean = queue.find("full"), queue.find("lean")

    assert full is not None
    assert lean is not None
    for name in ("state", "payload", "max_attempts", "timeout", "options", "attempt"):
        assert getattr(lean, name) == getattr(full, name)
    assert lean.enqueued_at == (None if delay else lean.created_at)


def test_a_job_that_was_withdrawn_before_its_time_never_waited(bench: Bench) -> None:
    bench.enqueue(new_job("a", delay=60.0, **_COMMON), lean=True)
    bench.cancel("a")

    view = RedisJobQueue(bench.redis, bench.redis, bench.keys).find("a")

    assert view is not None
    assert view.enqueued_at is None


def test_its_attempts_are_charged_as_if_they_were_written(bench: Bench) -> None:
    bench.enqueue(new_job("a", **_COMMON), lean=True)
    states = []
    for _ in range(4):
        job = bench.claim()[0]
        assert RedisLeaseBook(bench.redis, bench.keys).of_worker("w1")[0].max_attempts == 4
        bench.settle(job, "crashed", body=ERROR)
        states.append(bench.field("a", "status"))

    assert states == ["queued", "queued", "queued", "failed"]


def test_the_age_of_a_queue_is_that_of_its_oldest_job(bench: Bench) -> None:
    bench.enqueue(new_job("a", **_COMMON), lean=True)
    view = RedisJobQueue(bench.redis, bench.redis, bench.keys).find("a")

    state = RedisInspection(bench.redis, bench.keys).queue_states(["normal"])[0]

    assert view is not None
    assert state.oldest_enqueued_at == view.created_at


def test_rq_reads_it(bench: Bench) -> None:
    bench.enqueue(new_job("a", **_COMMON), lean=True)

    job = Job.fetch("a", connection=bench.redis, serializer=JSONSerializer)

    assert (job.get_status(), job.origin) == ("queued", "normal")
    assert job.args == ["greet", {"name": "Ada"}]
    assert job.created_at is not None


def test_lua_and_python_mean_the_same_by_what_is_not_there() -> None:
    table = re.search(r"^local ABSENT = \{(.*)\}$", library.source_of("_prelude"), re.MULTILINE)

    assert table is not None
    assert dict(re.findall(r"(\w+) = '([^']*)'", table[1])) == ABSENT
