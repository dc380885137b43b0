"""Jobs that RQ enqueued into our queues: set apart, never run, never failed, and given back."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rq import Queue
from rq.job import Job, JobStatus
from rq.serializers import DefaultSerializer, JSONSerializer
from rq_scheduler import Scheduler

from backend.broker.jobs import codec
from backend.broker.jobs.foreign_jobs import RedisForeignJobs
from backend.domain.errors import InvalidOption
from backend.domain.ledger.foreign_job import queue_of_others
from tests.integration.broker.bench import Bench, new_job

SERIALIZERS = [DefaultSerializer, JSONSerializer]


def _foreign(bench: Bench) -> RedisForeignJobs:
    return RedisForeignJobs(bench.redis, bench.keys)


def _of_rq(bench: Bench, queue: str = "normal", serializer: Any = JSONSerializer) -> Job:
    """A job that an application enqueued with RQ."""
    bench.tampered = True
    return Queue(queue, connection=bench.redis, serializer=serializer).enqueue(
        "os.getenv", "HOME", description="os.getenv('HOME')"
    )


@pytest.mark.parametrize("serializer", SERIALIZERS, ids=["pickle", "json"])
def test_a_job_of_rq_is_set_apart_untouched_and_ours_goes_on(bench: Bench, serializer: Any) -> None:
    job = _of_rq(bench, serializer=serializer)
    before = bench.redis.hgetall(bench.keys.job(job.id))
    bench.seed(new_job("ours"))

    claimed = bench.claim(most=5)

    assert [each.id for each in claimed] == ["ours"]
    assert bench.redis.hgetall(bench.keys.job(job.id)) == before
    assert bench.kinds(job.id) == []
    found = _foreign(bench).first(10)
    assert [(each.id, each.queue, each.call) for each in found] == [
        (job.id, "normal", "os.getenv('HOME')")
    ]
    assert _foreign(bench).count() == 1
    assert bench.state().difference == 0


@pytest.mark.parametrize("description", ["greet", "", None])
def test_whatever_it_is_called_no_claim_breaks_on_it(bench: Bench, description: str | None) -> None:
    job = _of_rq(bench)
    if description is None:
        bench.redis.hdel(bench.keys.job(job.id), "description")
    else:
        bench.redis.hset(bench.keys.job(job.id), "description", description)
    bench.seed(new_job("ours"))

    assert [each.id for each in bench.claim(most=5)] == ["ours"]
    assert [each.id for each in _foreign(bench).first(10)] == [job.id]


def test_one_of_ours_that_lost_its_type_is_set_apart_and_the_others_are_claimed(
    bench: Bench,
) -> None:
    bench.tampered = True
    bench.seed(new_job("nameless"), new_job("ours"))
    bench.redis.hdel(bench.keys.job("nameless"), "description")

    assert [each.id for each in bench.claim(most=5)] == ["ours"]
    assert [each.id for each in _foreign(bench).first(10)] == ["nameless"]


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "queued"},
        {"status": "queued", "origin": "normal", "data": '["app.send",null,["x"],{}]'},
        {"status": "strange", "data": "\x00"},
    ],
    ids=["nothing but a status", "a call of another program", "nothing we know"],
)
def test_what_is_of_no_known_shape_is_set_apart_as_well(
    bench: Bench, fields: dict[str, str]
) -> None:
    bench.redis.hset(bench.keys.job("odd"), mapping=fields)
    bench.put_in_queue("odd")

    assert bench.claim(most=5) == []
    assert [each.id for each in _foreign(bench).first(10)] == ["odd"]
    assert bench.redis.hgetall(bench.keys.job("odd")) == {
        name.encode(): value.encode() for name, value in fields.items()
    }


def test_what_rq_scheduler_put_among_ours_is_set_apart_when_it_is_due(bench: Bench) -> None:
    bench.tampered = True
    scheduler = Scheduler("normal", connection=bench.redis)
    job = scheduler.enqueue_at(datetime.now(UTC) - timedelta(minutes=1), print, "hello")

    assert bench.promote()[0] == 0
    assert [each.id for each in _foreign(bench).first(10)] == [job.id]
    assert bench.queue() == []


def test_what_rq_scheduler_put_among_ours_for_a_queue_of_rq_goes_there(bench: Bench) -> None:
    bench.tampered = True
    scheduler = Scheduler("of-the-app", connection=bench.redis)
    job = scheduler.enqueue_at(datetime.now(UTC) - timedelta(minutes=1), print, "hello")

    assert bench.promote()[0] == 1
    assert bench.queue("of-the-app") == [job.id]
    assert bench.kinds(job.id) == []


def test_emptying_a_queue_cancels_none_of_them(bench: Bench) -> None:
    job = _of_rq(bench)
    bench.seed(new_job("ours"))

    assert bench.functions.call("purge", "normal", "ada", "test data", 10) == [2, 0]

    assert bench.field("ours", "status") == "canceled"
    assert bench.field(job.id, "status") == "queued"
    assert [each.id for each in _foreign(bench).first(10)] == [job.id]
    assert bench.count("canceled") == 1


def test_given_back_it_waits_where_rqs_workers_look_for_it(bench: Bench) -> None:
    job = _of_rq(bench)
    bench.claim(most=5)

    assert _foreign(bench).give_back([job.id], "of-the-app") == [True]

    assert bench.queue("of-the-app") == [job.id]
    assert (bench.field(job.id, "status"), bench.field(job.id, "origin")) == (
        "queued",
        "of-the-app",
    )
    assert b"rq:queue:of-the-app" in bench.redis.smembers(bench.keys.queues)


def test_one_that_rq_deleted_meanwhile_is_not_given_back(bench: Bench) -> None:
    job = _of_rq(bench)
    bench.claim(most=5)
    bench.redis.delete(bench.keys.job(job.id))

    assert _foreign(bench).first(1)[0].call == ""
    assert _foreign(bench).give_back([job.id], "of-the-app") == [False]
    assert bench.queue("of-the-app") == []
    assert _foreign(bench).count() == 0


@pytest.mark.parametrize("name", ["normal", "high:email", "dlq", ""])
def test_none_is_given_back_to_a_queue_of_ours(name: str) -> None:
    with pytest.raises(InvalidOption, match="name one that RQ's workers listen to"):
        queue_of_others(name)


def test_the_call_that_steps_know_is_the_one_that_is_written() -> None:
    from backend.broker.server.library import source_of

    assert f"OUR_CALL = '{codec.call_head('x').partition(',')[0]},'" in source_of("_prelude")


@pytest.mark.parametrize("lean", [False, True])
def test_a_job_of_ours_whose_call_rq_compressed_is_put_back_as_ours(
    bench: Bench, lean: bool
) -> None:
    bench.tampered = True
    bench.enqueue(new_job("touched", max_attempts=4, timeout=180, result_ttl=3600), lean=lean)
    job = bench.keys.job("touched")
    bench.redis.lrem(bench.keys.queue("normal"), 0, "touched")
    data = zlib.compress(bench.redis.hget(job, "data"))
    bench.redis.hset(job, mapping={"data": data, "status": "failed"})

    assert bench.functions.call("reseat", "touched", "failed", "", "queued", 0, 1000, "", "") == 1

    assert [each.id for each in bench.claim(most=5)] == ["touched"]
    assert _foreign(bench).count() == 0


@pytest.mark.parametrize("state", ["queued", "set apart", "scheduled", "started"])
def test_nobody_who_names_one_by_mistake_changes_it(bench: Bench, state: str) -> None:
    job = _of_rq(bench)
    if state == "set apart":
        assert bench.claim() == []
    elif state != "queued":
        job.set_status(JobStatus(state))
    before = bench.snapshot()

    assert bench.cancel(job.id) == [0]
    assert bench.reprioritise(job.id, "high") == 0
    assert bench.run_now(job.id) == [0]

    assert bench.snapshot() == before
