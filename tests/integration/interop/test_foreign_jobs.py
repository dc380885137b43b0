"""Jobs that RQ enqueued into our queues, and RQ's own worker beside them."""

from __future__ import annotations

import pytest
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from backend.broker.jobs.foreign_jobs import RedisForeignJobs
from tests.integration.broker.bench import Bench, new_job
from tests.integration.interop.conftest import RqCommand


def _foreign(bench: Bench) -> RedisForeignJobs:
    return RedisForeignJobs(bench.redis, bench.keys)


def _of_rq(bench: Bench) -> Job:
    """A job that an application enqueued with RQ."""
    bench.tampered = True
    return Queue("normal", connection=bench.redis, serializer=JSONSerializer).enqueue(
        "os.getenv", "HOME", description="os.getenv('HOME')"
    )


@pytest.mark.parametrize("lean", [False, True])
def test_a_job_of_ours_that_rq_wrote_again_stays_ours(
    bench: Bench, rq: RqCommand, lean: bool
) -> None:
    bench.tampered = True
    bench.enqueue(new_job("touched", max_attempts=4, timeout=180, result_ttl=3600), lean=lean)
    rq("worker", "--burst", "--serializer", "rq.serializers.JSONSerializer", "normal")
    assert not bench.redis.hget(bench.keys.job("touched"), "data").startswith(b"[")
    assert bench.functions.call("reseat", "touched", "failed", "", "queued", 0, 1000, "", "") == 1

    claimed = bench.claim(most=5)

    assert [each.id for each in claimed] == ["touched"]
    assert _foreign(bench).count() == 0


def test_given_back_rqs_own_worker_runs_it(bench: Bench, rq: RqCommand) -> None:
    job = _of_rq(bench)
    bench.claim(most=5)

    assert _foreign(bench).give_back([job.id, "another"], "of-the-app") == [True, False]
    worker = rq("worker", "--burst", "--serializer", "rq.serializers.JSONSerializer", "of-the-app")

    assert worker.returncode == 0, worker.stderr
    assert Job.fetch(job.id, bench.redis, JSONSerializer).get_status() == "finished"
    assert _foreign(bench).count() == 0
