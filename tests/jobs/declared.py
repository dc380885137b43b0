"""Jobs as callers enqueue them: by their own functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel

from tally import JobContext, current_job, job_type, task


class Order(BaseModel):
    """What is bought."""

    number: int
    items: list[str] = []


@dataclass
class Receipt:
    """What is said about it."""

    number: int
    at: datetime
    items: set[str]


@task("declared.add")
def add(x: int, y: int = 2) -> int:
    """Adds."""
    job = current_job()
    assert job is not None
    job.progress(1, 1, f"adding as {job.job_id}")
    return x + y


@job_type("declared.sell")
def sell(payload: Order) -> Receipt:
    """Returns what JSON alone cannot give back."""
    return Receipt(payload.number, datetime(2026, 6, 1, tzinfo=UTC), set(payload.items))


@job_type("declared.refuse", max_retries=0)
def refuse(payload: Order) -> None:
    """Fails."""
    raise ValueError(f"no order {payload.number}")


@job_type("declared.isolated", isolation="process", max_retries=0)
def isolated(payload: Order, context: JobContext) -> list[str]:
    """Enqueues from a process of its own; gives back the new job's id, and its own."""
    return [sell.enqueue(payload).id, context.job_id]


@job_type("declared.follow")
def follow(payload: Order, context: JobContext) -> list[str]:
    """Enqueues two jobs of the same tenant and one of another; gives back their ids, and its own."""
    jobs = [sell.enqueue(payload), add.delay(1), sell.enqueue(payload, tenant="other")]
    return [*(job.id for job in jobs), context.job_id]
