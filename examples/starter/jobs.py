"""Job types: each is a function that workers run. `tally dev` starts them again when this file changes."""

from pydantic import BaseModel

from tally import JobContext, job_type


class Greeting(BaseModel):
    """What the job is given. It is checked when the job is enqueued, and again when it runs."""

    name: str


@job_type("greet", timeout=10)
def greet(payload: Greeting, context: JobContext) -> dict[str, str]:
    """Greets somebody."""
    context.log.info("greeting", name=payload.name)  # stays with the attempt, on its page
    return {"greeting": f"Hello, {payload.name}!"}
