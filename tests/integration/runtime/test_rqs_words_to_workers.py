"""RQ's own commands reach our worker processes: one pool for all tests of this file."""

from __future__ import annotations

import psutil
from rq.command import send_shutdown_command, send_stop_job_command
from rq.serializers import JSONSerializer
from rq.suspension import resume, suspend

from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster


def test_rqs_shutdown_command_stops_a_worker_process_in_order(pool: Cluster) -> None:
    worker = pool.platform.inspection.workers()[0]
    eventually(lambda: _listens(pool, worker.name), timeout=5)

    send_shutdown_command(pool.platform.redis, worker.name)

    eventually(lambda: not psutil.pid_exists(worker.pid), timeout=10, show=pool.log)


def test_rqs_stop_job_command_stops_the_job_by_force(pool: Cluster) -> None:
    job_id = pool.enqueue("hold", {"until": str(pool.folder / "never")})
    pool.running(job_id)
    eventually(lambda: _listens(pool, pool.job(job_id).worker), timeout=5)

    send_stop_job_command(pool.platform.redis, job_id, serializer=JSONSerializer)

    assert pool.ended(job_id).state is JobState.CANCELED


def test_rq_suspend_holds_everything_and_resume_lets_it_go(pool: Cluster) -> None:
    suspend(pool.platform.redis)
    job_id = pool.enqueue("note")
    eventually(lambda: pool.platform.redis.llen("rq:tally:wake:default") == 0, timeout=5)
    assert pool.job(job_id).state is JobState.QUEUED

    resume(pool.platform.redis)

    assert pool.ended(job_id).state is JobState.FINISHED


def _listens(pool: Cluster, worker: str) -> bool:
    channel = f"rq:pubsub:{worker}"
    return dict(pool.platform.redis.pubsub_numsub(channel))[channel.encode()] > 0
