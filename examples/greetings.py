"""A job type of one's own: one decorated function, listed by its package under ``job_packages``."""

from __future__ import annotations

from pydantic import BaseModel

from tally import JobContext, job_type


class Greeting(BaseModel):
    """Whom to greet."""

    name: str


@job_type("greet", timeout=10)
def greet(payload: Greeting, context: JobContext) -> dict[str, str]:
    """Greets somebody, politely."""
    context.log.info("greeting", name=payload.name)
    context.progress(1, 1, "greeted")
    return {"greeting": f"Hello, {payload.name}!"}
