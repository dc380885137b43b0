"""A job type as one of one's own, for a quickstart where no examples are: in an installed package."""

from __future__ import annotations

from pydantic import BaseModel

from workers.base_worker import JobContext, job_type


class Greeting(BaseModel):
    """Whom to greet."""

    name: str


@job_type("greet", timeout=10)
def greet(payload: Greeting, context: JobContext) -> dict[str, str]:
    """Greets somebody."""
    context.progress(1, 1, "greeted")
    return {"greeting": f"Hello, {payload.name}!"}
