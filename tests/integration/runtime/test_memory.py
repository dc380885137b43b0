"""Redis keeps live work only: what ended leaves it, and nothing of ours stays behind."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from backend.domain.access.actor import Actor
from backend.domain.jobs.job_filter import JobFilter
from backend.services.jobs.bulk_service import BulkService
from tests.eventually import eventually
from tests.integration.runtime.cluster import Cluster

#: The full number is for `TALLY_TEST_MEMORY_JOBS=50000`, the short one for each run of the suite.
JOBS = int(os.environ.get("TALLY_TEST_MEMORY_JOBS", "1600"))

#: What stays: the books, the set of queue names, the stream (the recorder trims it), leaderships, up to
#: which word freezes are planned, and what workers said of their job types.
MEANT_TO_STAY = (
    "rq:tally:counts:",
    "rq:queues",
    "rq:tally:events",
    "rq:tally:stream",
    "rq:tally:leader:",
    "rq:tally:planned_version",
    "rq:tally:types",
)


def test_redis_is_as_empty_after_mixed_jobs_as_before(
    make_cluster: Callable[..., Cluster],
) -> None:
    cluster = make_cluster()
    cluster.start("scheduler")
    supervisor = cluster.workers(processes=2, concurrency=8)
    service = cluster.platform.queue_service

    ids = service.enqueue_many([_request(number, cluster) for number in range(JOBS)])
    canceled = ids[::100]
    for job_id in canceled:
        cluster.platform.operations.cancel([job_id], by="ada", reason="", force=False)
    eventually(lambda: _ended(cluster) >= JOBS, timeout=100, show=cluster.log)
    bulk = BulkService(cluster.platform.operations, cluster.platform.inspection)
    bulk.discard(bulk.select_dead(JobFilter(), JOBS).ids, by=Actor("ada"), reason="")
    supervisor.terminate()
    supervisor.wait(60)

    eventually(lambda: _left(cluster) == Counter(), timeout=20, show=lambda: _left(cluster))
    assert cluster.difference() == 0


def _request(number: int, cluster: Cluster) -> dict[str, Any]:
    mixed: dict[int, dict[str, Any]] = {
        0: {"job_type": "fail", "payload": {"until": 2}},
        1: {"job_type": "fail", "payload": {}, "max_retries": 0},
        2: {"delay": 0.5},
        3: {"idempotency_key": f"key-{number}", "idempotency_window": 1},
        4: {"limit_key": f"customer-{number % 3}", "limit": 4},
        5: {"priority": "low", "tags": ["mixed"]},
    }
    plain = {"job_type": "note", "payload": {"file": str(cluster.file)}, "result_ttl": 1}
    return {**plain, **mixed.get(number % 12, {})}


def _ended(cluster: Cluster) -> int:
    inspection = cluster.platform.inspection
    queues = inspection.queue_states(inspection.queue_names())
    final = ("finished", "failed", "canceled")
    return sum(
        number for queue in queues for state, number in queue.counts.items() if state in final
    )


def _left(cluster: Cluster) -> Counter[str]:
    """Kinds of keys that should not be there, after the pruning that the schedule does."""
    operations = cluster.platform.operations
    operations.prune(cluster.platform.inspection.queue_names(), max_dead=0, max_dead_age=0)
    keys = [key.decode() for key in cluster.platform.redis.scan_iter(count=5000)]
    left = [key for key in keys if not key.startswith(MEANT_TO_STAY)]
    return Counter(
        key.rsplit(":", 1)[0]
        for key in left
        if cluster.platform.redis.ttl(key) == -1 or key.startswith(("rq:job:", "rq:tally:unique"))
    )
