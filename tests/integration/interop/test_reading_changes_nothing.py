"""RQ's readers clean up what looks expired; nothing of ours may look so to them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq_scheduler import Scheduler

from backend.broker.server.connection import connect
from backend.broker.workers.worker_presence import RedisWorkerPresence
from backend.embedded.servers import Servers
from tests.integration.broker.bench import Bench, new_job

READERS, ROUNDS = 3, 20


def _one_of_each(bench: Bench) -> list[str]:
    """A job in every state; the lease of the started one ended long ago."""
    presence = RedisWorkerPresence(
        bench.redis, bench.keys, name="w1", lane="email", queues=["normal"], slots=1, lifetime=90
    )
    presence.register()
    job = bench.started()
    presence.beat([job], stopping=False)
    bench.let_lease_end(job.id)
    retried = bench.started()
    bench.settle(retried, "retried", delay=1000)
    ids = [job.id, retried.id, bench.finished(), bench.dead(), bench.canceled()]
    ids += [bench.parked_by_pause(), bench.scheduled()]
    bench.make_due(ids[-1])
    return [*ids, *bench.seed(new_job())]


def _read_everything(url: str, ids: list[str]) -> None:
    client = connect(url)
    for _ in range(ROUNDS):
        for name in ("normal", "dlq"):
            queue = Queue(name, connection=client, serializer=JSONSerializer)
            for registry in (
                queue.started_job_registry,
                queue.finished_job_registry,
                queue.failed_job_registry,
                queue.scheduled_job_registry,
                queue.canceled_job_registry,
                queue.deferred_job_registry,
            ):
                _ = (registry.count, len(registry), registry.get_job_ids())
            _ = (queue.count, queue.jobs, queue.is_empty())
        for worker in Worker.all(connection=client):
            _ = (worker.get_state(), worker.get_current_job_id())
        jobs = [Job.fetch(i, connection=client, serializer=JSONSerializer) for i in ids]
        _ = [(job.get_status(), job.latest_result(), job.get_position()) for job in jobs]
        list(Scheduler(connection=client).get_jobs(with_times=True))
    client.close()


def test_three_readers_at_once_change_no_key(bench: Bench, servers: Servers) -> None:
    ids = _one_of_each(bench)
    before = bench.snapshot()

    with ThreadPoolExecutor(READERS) as threads:
        readers = [threads.submit(_read_everything, servers.redis_url, ids) for _ in range(READERS)]
        for reader in readers:
            reader.result(60)

    assert bench.snapshot() == before


def test_rqs_own_cleanup_of_every_registry_touches_no_job(bench: Bench) -> None:
    _one_of_each(bench)
    before = bench.snapshot()

    for name in ("normal", "dlq"):
        queue = Queue(name, connection=bench.redis, serializer=JSONSerializer)
        queue.started_job_registry.cleanup(2_000_000_000)
        queue.failed_job_registry.cleanup(2_000_000_000)
        queue.deferred_job_registry.cleanup()

    assert bench.snapshot() == before
