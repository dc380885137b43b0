"""The ``settle`` step: every kind of outcome, and who may write one."""

from __future__ import annotations

from base64 import b64encode

import pytest
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer

from tests.integration.broker.bench import Bench, new_job

ERROR = '{"reason":"exception","error":"ValueError","message":"no","traceback":"…"}'


def test_a_finished_job_keeps_its_result_where_rq_finds_it(bench: Bench) -> None:
    job = bench.started(result_ttl=500)

    assert bench.settle(job, "finished", body='{"n":1}', result=b64encode(b'{"n":1}').decode()) == 1

    seen = Job.fetch(job.id, connection=bench.redis, serializer=JSONSerializer)
    assert seen.get_status() == "finished"
    assert seen.return_value() == {"n": 1}
    registry = Queue("normal", connection=bench.redis).finished_job_registry
    assert registry.get_job_ids() == [job.id]
    assert bench.is_nowhere_waiting(job.id)
    assert bench.registry("wip") == {}
    assert 490 < bench.redis.ttl(bench.keys.job(job.id)) <= 500
    assert 490 < bench.redis.ttl(bench.keys.results(job.id)) <= 500
    assert bench.count("finished") == 1
    event = bench.events(job.id)[-1]
    assert (event.kind, event.fence, event.body, event.run_ms) == (
        "finished",
        job.fence,
        '{"n":1}',
        1.5,
    )


def test_a_result_ttl_of_none_leaves_the_job_alone_and_for_a_minute(bench: Bench) -> None:
    job = bench.started(result_ttl=0)

    bench.settle(job, "finished", body="1", result="MQ==")

    assert not bench.redis.exists(bench.keys.results(job.id))
    assert 0 < bench.redis.ttl(bench.keys.job(job.id)) <= 10
    assert list(bench.registry("finished")) == [job.id]


def test_what_is_noted_of_an_outcome_is_written_with_the_rest(bench: Bench) -> None:
    """So that it costs no command."""
    job = bench.started()

    bench.settle(job, "retried", delay=5000, body=ERROR)

    assert bench.field(job.id, "settled") == f"{job.fence}/retried"


def test_a_retried_job_waits_for_its_delay_and_is_charged(bench: Bench) -> None:
    job = bench.started()

    assert bench.settle(job, "retried", delay=5000, body=ERROR) == 1

    assert bench.field(job.id, "status") == "scheduled"
    assert bench.field(job.id, "failures") == "1"
    assert bench.error(job.id)["error"] == "ValueError"
    assert bench.members(bench.keys.schedule) == [job.id]
    assert bench.registry("wip") == {}


def test_a_snoozed_job_is_not_charged(bench: Bench) -> None:
    job = bench.started()

    assert bench.settle(job, "snoozed", delay=5000) == 1

    assert bench.field(job.id, "failures") is None
    assert bench.members(bench.keys.schedule) == [job.id]


def test_a_failed_job_is_in_the_dead_letter_queue_and_never_expires(bench: Bench) -> None:
    job = bench.started()

    assert bench.settle(job, "failed", body=ERROR) == 1

    assert bench.field(job.id, "status") == "failed"
    registry = Queue("dlq", connection=bench.redis).failed_job_registry
    assert registry.get_job_ids() == [job.id]
    assert bench.members(bench.keys.dead) == [job.id]
    assert bench.redis.ttl(bench.keys.job(job.id)) == -1
    assert bench.field(job.id, "origin") == "normal"
    assert bench.count("failed") == 1


def test_a_released_job_is_first_in_its_queue_again_and_not_charged(bench: Bench) -> None:
    job = bench.started()
    bench.seed(new_job("later"))

    assert bench.settle(job, "released") == 1

    assert bench.queue() == [job.id, "later"]
    assert bench.field(job.id, "failures") is None
    assert bench.claim()[0].attempt == 2


def test_a_crash_is_charged_and_runs_alone_next_until_it_is_poison(bench: Bench) -> None:
    job = bench.started(max_attempts=2)

    bench.settle(job, "crashed", body=ERROR)
    again = bench.claim()[0]
    assert (again.failures, again.suspect) == (1, True)

    bench.settle(again, "crashed", body=ERROR)
    assert bench.field(job.id, "status") == "failed"
    assert bench.kinds(job.id)[-1] == "failed"
    assert bench.count("poisoned") == 1


def test_poison_that_a_worker_found_is_counted_as_such(bench: Bench) -> None:
    job = bench.started(max_attempts=1)

    assert bench.settle(job, "poisoned", body=ERROR) == 1

    assert bench.field(job.id, "status") == "failed"
    assert bench.field(job.id, "failures") == "1"
    assert bench.kinds(job.id)[-1] == "failed"
    assert (bench.count("failed"), bench.count("poisoned")) == (1, 1)


def test_a_plain_failure_is_no_poison(bench: Bench) -> None:
    bench.settle(bench.started(max_attempts=1), "failed", body=ERROR)

    assert (bench.count("failed"), bench.count("poisoned")) == (1, 0)


def test_a_suspect_runs_alone_next_and_is_not_charged(bench: Bench) -> None:
    job = bench.started()

    bench.settle(job, "suspected", body=ERROR)

    again = bench.claim()[0]
    assert (again.failures, again.suspect) == (0, True)


@pytest.mark.parametrize("kind", ["finished", "retried", "failed", "released"])
def test_the_same_outcome_twice_is_one(bench: Bench, kind: str) -> None:
    job = bench.started()
    bench.settle(job, kind)
    before = bench.events()

    assert bench.settle(job, kind) in {0, 2}

    assert bench.events() == before


def test_a_late_outcome_of_a_lost_lease_is_refused(bench: Bench) -> None:
    sleeper = bench.started()
    bench.settle(sleeper, "released")
    owner = bench.claim(worker="w2")[0]

    assert bench.settle(sleeper, "finished") == 0
    assert bench.settle(sleeper, "failed") == 0

    assert bench.field(owner.id, "fence") == owner.fence
    assert bench.settle(owner, "finished") == 1


def test_an_outcome_for_a_job_nobody_knows_is_refused(bench: Bench) -> None:
    job = bench.started()
    bench.remove_hash(job.id)

    assert bench.settle(job, "finished") == 0


def test_a_job_asked_to_cancel_is_not_retried(bench: Bench) -> None:
    job = bench.started()
    bench.functions.call("cancel", "ada", "changed my mind", "", job.id)

    bench.settle(job, "retried", delay=5000, body=ERROR)

    assert bench.field(job.id, "status") == "canceled"
    assert bench.members(bench.keys.schedule) == []


def test_those_who_wait_for_a_job_are_told(bench: Bench) -> None:
    job = bench.started()
    assert bench.functions.call("await", job.id) == b"started"
    assert bench.functions.call("await", job.id) == b"started"

    bench.settle(job, "finished")

    assert bench.redis.llen(bench.keys.done(job.id)) == 2
    assert bench.redis.ttl(bench.keys.done(job.id)) > 0


def test_nobody_waits_for_a_job_that_is_not_known(bench: Bench) -> None:
    assert bench.functions.call("await", "nobody") is None
    assert not bench.redis.exists(bench.keys.job("nobody"))


def test_what_the_handler_logged_goes_into_history_with_the_end_of_its_attempt(
    bench: Bench,
) -> None:
    job, silent = bench.started(), bench.started()

    bench.settle(job, "retried", body=ERROR, log='[[1767225600000,"info","half done"]]')
    bench.settle(silent, "finished")

    assert bench.events(job.id)[-1].log == '[[1767225600000,"info","half done"]]'
    assert bench.events(silent.id)[-1].log == ""
