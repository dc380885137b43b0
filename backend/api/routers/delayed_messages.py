"""A message to be printed later: the one request that a delayed job needs at least."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from backend.api.config.section import within
from backend.api.http.operation import Router
from backend.api.request.enqueueing import accept
from backend.api.request.request_context import Call
from backend.api.schemas.base import Request, Resource
from backend.api.schemas.fields import WHOLE
from backend.api.schemas.jobs import EnqueueRequest
from backend.domain.jobs.options import bounds

router = Router("messages", "Delayed messages")
_JOB_TYPE = "log_message"


class RegisterRequest(Request):
    """What to print, and when."""

    message: Annotated[str, StringConstraints(max_length=2000)] = "Job executed successfully"
    delay_seconds: Annotated[int, Field(ge=0, le=int(bounds.DELAY.most)), WHOLE] = 180
    max_retry: Annotated[int, within(bounds.MAX_RETRIES), WHOLE] = 10


class Registered(Resource):
    """A message that will be printed."""

    job_id: str
    status: Literal["registered"] = "registered"


@router.post("/api/dm-jobqueue/register", headers=("Idempotency-Key",), optional_body=True)
def register(call: Call, body: RegisterRequest) -> Registered:
    """Registers a message; when its time has come a worker prints `[2026-01-02 12:34:56] message`."""
    request = EnqueueRequest.model_validate(
        {
            "job_type": _JOB_TYPE,
            "payload": {"message": body.message},
            "delay": float(body.delay_seconds),
            "max_retries": body.max_retry,
        }
    )
    return Registered(job_id=accept(call, [request])[0].id)
