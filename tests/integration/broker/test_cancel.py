"""The ``cancel`` step: jobs in every state, asked nicely and by force."""

from __future__ import annotations

import json

import pytest
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer

from tests.integration.broker.bench import Bench, new_job


def test_a_queued_job_ends_at_once_and_is_readable_as_long_as_its_result_would_be(
    bench: Bench,
) -> None:
    bench.seed(new_job("a", result_ttl=700), new_job("b"))

    assert bench.cancel("a") == [1]

    assert bench.queue() == ["b"]
    assert Job.fetch("a", bench.redis, serializer=JSONSerializer).is_canceled
    assert Queue("normal", bench.redis).canceled_job_registry.get_job_ids() == ["a"]
    assert 690 < bench.redis.ttl(bench.keys.job("a")) <= 700
    assert bench.count("canceled") == 1
    event = bench.events("a")[-1]
    assert (event.kind, event.body, event.worker) == ("canceled", "changed my mind", "ada")


def test_a_scheduled_job_leaves_the_schedule_and_rqs_registry(bench: Bench) -> None:
    job_id = bench.scheduled()

    assert bench.cancel(job_id) == [1]

    assert bench.members(bench.keys.schedule) == []
    assert bench.registry("scheduled") == {}
    assert bench.field(job_id, "status") == "canceled"


def test_a_job_that_waits_for_its_next_attempt_is_canceled_with_all_its_traces(
    bench: Bench,
) -> None:
    job = bench.started()
    bench.settle(job, "retried", delay=9000, result="eJwDAAAAAAE=")

    assert bench.cancel(job.id) == [1]

    assert 490 < bench.redis.ttl(bench.keys.results(job.id)) <= 500


@pytest.mark.parametrize("why", ["limit", "pause"])
def test_a_parked_job_leaves_the_gate_it_waits_behind(bench: Bench, why: str) -> None:
    parked = bench.parked_by_limit()[1] if why == "limit" else bench.parked_by_pause()

    assert bench.cancel(parked) == [1]

    assert bench.parked("type:greet") == bench.parked("paused:greet") == []
    assert bench.count("parked") == 0
    assert bench.state().difference == 0


def test_a_canceled_job_passes_the_slot_on_that_it_was_let_through_for(bench: Bench) -> None:
    holder, first = bench.parked_by_limit()
    second = bench.seed(new_job())[0]
    bench.claim()
    bench.settle(holder, "finished")
    assert bench.queue() == [first]

    bench.cancel(first)

    assert [job.id for job in bench.claim(5)] == [second]


def test_a_started_job_is_asked_and_its_worker_is_told(bench: Bench) -> None:
    job = bench.started()
    channel = bench.redis.pubsub(ignore_subscribe_messages=True)
    channel.subscribe(bench.keys.commands("w1"))
    channel.get_message(timeout=60)

    assert bench.cancel(job.id) == [2]

    message = channel.get_message(timeout=60)
    channel.close()
    assert json.loads(message["data"]) == {"command": "cancel-job", "job_id": job.id}
    assert bench.field(job.id, "status") == "started"
    assert bench.field(job.id, "cancel") == "ask"
    assert bench.kinds(job.id)[-1] == "cancel_asked"


def test_force_sends_rqs_own_stop_command(bench: Bench) -> None:
    job = bench.started()
    channel = bench.redis.pubsub(ignore_subscribe_messages=True)
    channel.subscribe(bench.keys.commands("w1"))
    channel.get_message(timeout=60)

    assert bench.cancel(job.id, force=True) == [2]

    message = channel.get_message(timeout=60)
    channel.close()
    assert json.loads(message["data"]) == {"command": "stop-job", "job_id": job.id}
    assert bench.field(job.id, "cancel") == "force"


def test_asking_again_does_not_take_force_back(bench: Bench) -> None:
    job = bench.started()
    bench.cancel(job.id, force=True)

    assert bench.cancel(job.id) == [2]

    assert bench.extend(job) == [3]


def test_a_started_job_that_finishes_in_time_is_finished(bench: Bench) -> None:
    job = bench.started()
    bench.cancel(job.id)

    assert bench.settle(job, "finished") == 1

    assert bench.field(job.id, "status") == "finished"


def test_a_started_job_that_obeys_is_canceled(bench: Bench) -> None:
    job = bench.started()
    bench.cancel(job.id)

    assert bench.settle(job, "canceled") == 1

    assert bench.registry("canceled").keys() == {job.id}
    assert bench.count("canceled") == 1


def test_final_jobs_stay_what_they_are(bench: Bench) -> None:
    ids = [bench.finished(), bench.dead(), bench.canceled()]
    before = bench.snapshot()

    assert bench.cancel(*ids) == [3, 3, 3]

    assert bench.snapshot() == before


def test_a_job_nobody_knows_is_not_made_up(bench: Bench) -> None:
    assert bench.cancel("nobody") == [0]

    assert not bench.redis.exists(bench.keys.job("nobody"))
    assert bench.kinds() == []


def test_a_job_that_leaves_no_result_is_here_for_a_minute_when_canceled(bench: Bench) -> None:
    job_id = bench.seed(new_job(result_ttl=0))[0]

    assert bench.cancel(job_id) == [1]

    assert 0 < bench.redis.ttl(bench.keys.job(job_id)) <= 10
    assert list(bench.registry("canceled")) == [job_id]
    assert bench.count("canceled") == 1


def test_canceling_twice_is_canceling_once(bench: Bench) -> None:
    job_id = bench.seed(new_job())[0]

    assert bench.cancel(job_id, job_id) == [1, 3]

    assert bench.count("canceled") == 1
    assert bench.kinds(job_id) == ["enqueued", "canceled"]


def test_an_id_is_free_again_when_its_canceled_job_is_gone(bench: Bench) -> None:
    bench.seed(new_job("a"))
    bench.cancel("a")

    assert bench.enqueue(new_job("a")) == [3]


FORGED = "because\x1fj\x1fother\x1fk\x1ffinished"


def test_what_people_write_cannot_forge_history(bench: Bench) -> None:
    waiting, running, purged = bench.seed(new_job())[0], bench.started(queue="high").id, "p"
    dead, discarded, moved = bench.dead(queue="high"), bench.dead(queue="high"), "m"
    hastened = bench.scheduled()
    bench.seed(new_job("m", "low"), new_job("p", "low:x"))

    bench.functions.call("cancel", FORGED, FORGED, "", waiting, running)
    bench.functions.call("redrive", FORGED, FORGED, "", dead, "")
    bench.functions.call("discard", FORGED, FORGED, "discarded", discarded)
    bench.functions.call("reprioritise", FORGED, FORGED, 0, "m", "high")
    bench.functions.call("run_now", FORGED, FORGED, hastened)
    bench.functions.call("purge", "low:x", FORGED, FORGED, 10)

    last = [
        bench.events(job_id)[-1]
        for job_id in (waiting, running, dead, discarded, moved, hastened, purged)
    ]
    assert {event.kind for event in last} == {
        *("canceled", "cancel_asked", "redriven", "discarded", "reprioritised", "promoted"),
    }
    assert {event.body for event in last} == {FORGED.replace("\x1f", " ")}
    assert {event.worker for event in last} == {FORGED.replace("\x1f", " ")}
    assert bench.events("other") == []


def test_those_who_wait_for_a_canceled_job_are_told(bench: Bench) -> None:
    job_id = bench.seed(new_job())[0]
    bench.functions.call("await", job_id)

    bench.cancel(job_id)

    assert bench.redis.llen(bench.keys.done(job_id)) == 1


def test_canceling_works_while_memory_is_full(bench: Bench) -> None:
    job_id = bench.seed(new_job())[0]
    bench.redis.config_set("maxmemory", 1)
    try:
        assert bench.cancel(job_id) == [1]
    finally:
        bench.redis.config_set("maxmemory", 0)
