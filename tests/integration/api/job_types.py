"""The job types that the tests of the API enqueue."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from workers.base_worker import JobContext, job_type


class Greeting(BaseModel):
    """Whom to greet, and a word that nobody else shall read."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=100)]
    password: str = ""


@job_type("greet", timeout=10, secret_fields=("password",))
def greet(payload: Greeting, context: JobContext) -> dict[str, str]:
    """Greets somebody, politely."""
    return {"greeting": f"Hello, {payload.name}!"}


@job_type("anything", max_retries=0)
def anything(payload: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Takes any payload and gives it back."""
    return payload


@job_type("fail", max_retries=0, lane="brittle")
def fail(payload: dict[str, Any], context: JobContext) -> None:
    """Never works."""
    raise ValueError("it never works")


@job_type("dawdle", timeout=120)
def dawdle(payload: dict[str, Any], context: JobContext) -> None:
    """Takes as long as it is told to."""
    threading.Event().wait(float(payload["seconds"]))


@job_type("dawdle_async", max_retries=0)
async def dawdle_async(payload: dict[str, Any]) -> None:
    """Waits in the event loop until it is cancelled."""
    await asyncio.Event().wait()
