"""A job type for the demonstration: it fails as often as it is told."""

from __future__ import annotations

from pydantic import BaseModel

from workers.base_worker import JobContext, job_type


class Trouble(BaseModel):
    """What to complain about."""

    complaint: str


@job_type("demo_fail", max_retries=2, retry_delays=[0.3, 0.6], timeout=10)
def demo_fail(payload: Trouble, context: JobContext) -> None:
    """Fails at every attempt, so that retries and the dead-letter queue can be seen."""
    raise RuntimeError(f"{payload.complaint} (attempt {context.attempt})")
