"""RQ's own reading side sees the truth in what we write, in every state a job can be in."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from rq import Queue, Worker
from rq.job import Job, JobStatus
from rq.registry import StartedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from backend.broker.workers.worker_presence import RedisWorkerPresence
from tests.contract.broker.followed import followed_job, receipt_of
from tests.integration.broker.bench import Bench, new_job
from tests.integration.interop.conftest import RqCommand

QUEUE = "high:email"


def _queue(bench: Bench, name: str = QUEUE) -> Queue:
    return Queue(name, connection=bench.redis, serializer=JSONSerializer)


def _fetch(bench: Bench, job_id: str) -> Job:
    return Job.fetch(job_id, connection=bench.redis, serializer=JSONSerializer)


def test_a_follow_up_is_read_like_any_job(bench: Bench) -> None:
    job = followed_job()
    bench.seed(job)
    bench.settle(bench.claim()[0], "finished", result=b64encode(b"1").decode())

    parent, child = _fetch(bench, job.id), _fetch(bench, receipt_of(job.id))

    assert (parent.get_status(), parent.return_value()) == (JobStatus.FINISHED, 1)
    assert child.get_status() is JobStatus.QUEUED
    assert child.args[0] == "receipt"
    assert child.args[1]["job_id"] == job.id
    assert (child.origin, child.timeout, child.result_ttl) == ("low", 180, 3600)
    assert _queue(bench, "low").job_ids == [child.id]


def _presence(bench: Bench) -> RedisWorkerPresence:
    return RedisWorkerPresence(
        bench.redis, bench.keys, name="w1", lane="email", queues=[QUEUE], slots=10, lifetime=90
    )


@pytest.mark.parametrize(
    ("make", "status"),
    [
        ("waiting", JobStatus.QUEUED),
        ("scheduled", JobStatus.SCHEDULED),
        ("running", JobStatus.STARTED),
        ("finished", JobStatus.FINISHED),
        ("dead", JobStatus.FAILED),
        ("canceled", JobStatus.CANCELED),
    ],
)
def test_a_job_is_read_in_every_state(bench: Bench, make: str, status: JobStatus) -> None:
    makers = {
        "waiting": lambda: bench.seed(new_job(queue=QUEUE))[0],
        "running": lambda: bench.started(queue=QUEUE).id,
    }
    job_id = makers[make]() if make in makers else getattr(bench, make)(queue=QUEUE)

    job = _fetch(bench, job_id)

    assert job.get_status() is status
    assert (job.origin, job.description, job.timeout) == (QUEUE, "greet", 60)
    assert job.args == ["greet", {"name": "Ada"}]
    assert job.created_at.tzinfo is not None
    assert abs(job.created_at - datetime.now(UTC)) < timedelta(seconds=10)


def test_a_started_job_names_its_worker_and_its_times(bench: Bench) -> None:
    job = _fetch(bench, bench.started(queue=QUEUE).id)

    assert job.worker_name == "w1"
    assert job.started_at is not None
    assert job.ended_at is None


def test_the_result_of_a_finished_job_is_its_return_value(bench: Bench) -> None:
    job = bench.started()
    value = {"sent": 3, "to": ["ä", None, 1.5]}
    entry = b64encode(json.dumps(value).encode()).decode()
    bench.settle(job, "finished", body=json.dumps(value), result=entry)

    seen = _fetch(bench, job.id)

    assert seen.return_value() == value
    assert seen.latest_result().type is Result.Type.SUCCESSFUL
    assert seen.ended_at >= seen.started_at


def test_every_failed_attempt_left_its_traceback(bench: Bench) -> None:
    from backend.broker.jobs import codec
    from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind

    error = AttemptError("exception", "ValueError", "no", "Traceback: näh")
    for kind in (OutcomeKind.RETRIED, OutcomeKind.FAILED):
        job = bench.claim()[0] if bench.queue() else bench.started()
        arguments = codec.settle_arguments(job, Outcome(kind, error=error, delay=1))
        bench.functions.codes("settle", *arguments)
        bench.make_due(job.id)
        bench.promote()

    seen = _fetch(bench, job.id)

    types = [result.type for result in seen.results()]
    assert types == [Result.Type.FAILED, Result.Type.RETRIED]
    assert seen.latest_result().exc_string == "Traceback: näh"
    assert bench.tampered is False


def test_the_registries_of_a_queue_hold_its_jobs(bench: Bench) -> None:
    finished, canceled = bench.finished(queue=QUEUE), bench.canceled(queue=QUEUE)
    scheduled, started = bench.scheduled(queue=QUEUE), bench.started(queue=QUEUE).id
    waiting = bench.seed(new_job(queue=QUEUE))[0]

    queue = _queue(bench)

    assert (queue.count, queue.get_job_ids()) == (1, [waiting])
    assert queue.finished_job_registry.get_job_ids() == [finished]
    assert queue.canceled_job_registry.get_job_ids() == [canceled]
    assert queue.scheduled_job_registry.get_job_ids() == [scheduled]
    assert queue.started_job_registry.get_job_ids() == [started]
    assert started in StartedJobRegistry(queue=queue)
    assert len(queue.failed_job_registry) == len(queue.deferred_job_registry) == 0
    assert queue.scheduled_job_registry.get_scheduled_time(scheduled) > datetime.now(UTC)


def test_dead_jobs_of_all_queues_are_the_failed_jobs_of_one(bench: Bench) -> None:
    dead = {bench.dead(queue=QUEUE), bench.dead(queue="low")}

    assert set(_queue(bench, "dlq").failed_job_registry.get_job_ids()) == dead
    assert {_fetch(bench, job_id).origin for job_id in dead} == {QUEUE, "low"}


def test_rq_knows_every_queue(bench: Bench) -> None:
    bench.dead(queue=QUEUE)
    bench.seed(new_job(queue="low"))

    names = {queue.name for queue in Queue.all(connection=bench.redis)}

    assert names == {QUEUE, "low", "dlq"}


def test_rq_scheduler_reads_what_waits_for_its_time(bench: Bench) -> None:
    sooner = bench.scheduled(delay=100)
    run_at = datetime(2036, 5, 4, 3, 2, 1, tzinfo=UTC)
    later = bench.scheduled(delay=0, run_at=run_at)
    job = bench.started()
    bench.settle(job, "retried", delay=5000)

    found = list(Scheduler(connection=bench.redis).get_jobs(with_times=True))

    assert [seen.id for seen, _ in found] == [job.id, sooner, later]
    assert found[2][1] == run_at.replace(tzinfo=None)
    assert later in Scheduler(connection=bench.redis)


def test_rq_sees_our_worker_processes_and_what_they_run(bench: Bench) -> None:
    presence = _presence(bench)
    presence.register()
    job = bench.started(queue=QUEUE)
    presence.beat([job], stopping=False)

    [worker] = Worker.all(connection=bench.redis)

    assert (worker.name, worker.get_state(), worker.hostname != "") == ("w1", "busy", True)
    assert bench.redis.hget(worker.key, "current_job") == job.id.encode()
    assert Worker.count(queue=_queue(bench)) == 1


def test_rq_info_shows_queues_workers_and_what_they_do(bench: Bench, rq: RqCommand) -> None:
    presence = _presence(bench)
    presence.register()
    presence.beat([bench.started(queue=QUEUE)], stopping=False)
    bench.seed(new_job(queue=QUEUE), new_job(queue=QUEUE), new_job(queue="low"))
    bench.finished(queue="low")
    bench.dead(queue="low")
    before = bench.snapshot()

    shown = rq("info")

    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    [mail] = [line for line in lines if line.startswith(QUEUE)]
    assert mail.endswith("2, 1 executing, 0 finished, 0 failed")
    [low] = [line for line in lines if line.startswith("low ")]
    assert low.endswith("1, 0 executing, 1 finished, 0 failed")
    [dead] = [line for line in lines if line.startswith("dlq")]
    assert dead.endswith("0, 0 executing, 0 finished, 1 failed")
    assert any(line.startswith("w1 ") and "busy" in line for line in lines)
    assert "1 workers, 3 queues" in shown.stdout
    assert bench.snapshot() == before


def test_rq_info_raw_gives_its_numbers_to_scripts(bench: Bench, rq: RqCommand) -> None:
    bench.seed(new_job(queue=QUEUE))

    shown = rq("info", "--raw", "--only-queues")

    assert f"queue {QUEUE} 1" in shown.stdout


def test_a_retried_job_shows_no_end_while_it_runs_again(bench: Bench) -> None:
    job = bench.started()
    bench.settle(job, "retried", delay=1000)
    bench.make_due(job.id)
    bench.promote()
    bench.claim()

    assert _fetch(bench, job.id).ended_at is None
