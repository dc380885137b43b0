"""What type checkers say of calls that enqueue jobs: each mistake is found, or its comment is refused.

Nothing here is run.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, assert_type

from backend.domain.jobs.options.job_options import JobOptions
from backend.services.jobs.job_options import JobRequest
from backend.services.queue_service import QueueService

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def right(queue: QueueService, tenant: str | None) -> None:
    """Everything that callers may say."""
    job_id = queue.enqueue_job("greet", {"name": "Ada"}, "high", run_at=NOON, tags=["vip"])
    assert_type(job_id, str)
    shared: JobOptions = {"tenant": tenant, "retry_delays": (1, 2.5), "limit_key": "k", "limit": 2}
    queue.enqueue_job("greet", **shared)
    queue.enqueue_job("greet", on_success="tell", on_failure={"job_type": "mail", "payload": {}})
    requests: list[JobRequest] = [{"job_type": "greet", "payload": {"name": "Ada"}, "delay": 5}]
    assert_type(queue.enqueue_many(requests), list[str])


async def right_in_a_loop(queue: QueueService) -> None:
    job_id = await queue.aenqueue_job("greet", {"name": "Ada"}, "high", delay=5)
    assert_type(job_id, str)
    assert_type(await queue.aenqueue_many([{"job_type": "greet"}]), list[str])
    assert_type((await queue.await_job(job_id, timeout=5)).result, Any)


def wrong(queue: QueueService) -> None:
    """What they may not."""
    queue.enqueue_job("greet", tag=["vip"])  # type: ignore[call-arg]
    queue.enqueue_job("greet", tags="vip")  # type: ignore[arg-type]
    queue.enqueue_job("greet", delay="2h")  # type: ignore[arg-type]
    queue.enqueue_job("greet", run_at="tomorrow")  # type: ignore[arg-type]
    queue.enqueue_job("greet", on_success={"type": "mail"})  # type: ignore[arg-type]
    queue.enqueue_job("greet", schedule="nightly")  # type: ignore[call-arg]
    queue.enqueue_job("greet", is_confined=False)  # type: ignore[call-arg]
    queue.enqueue_many([{"payload": {}}])  # type: ignore[typeddict-item]
    queue.enqueue_many([{"job_type": "greet", "dealy": 5}])  # type: ignore[typeddict-unknown-key]
