"""The names of OpenTelemetry's semantic conventions for messaging, which are still in development."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import tally

SEND, PROCESS = "send", "process"
SYSTEM = "messaging.system"
OPERATION_TYPE, OPERATION_NAME = "messaging.operation.type", "messaging.operation.name"
DESTINATION = "messaging.destination.name"
MESSAGE_ID = "messaging.message.id"
CLIENT_ID = "messaging.client.id"
BATCH_COUNT = "messaging.batch.message_count"
ERROR_TYPE = "error.type"


def of_call(jobs: int) -> dict[str, Any]:
    """What is known of a call that enqueues before it is made."""
    known = {SYSTEM: "tally", OPERATION_TYPE: SEND, OPERATION_NAME: SEND}
    return {**known, BATCH_COUNT: jobs} if jobs > 1 else known


def of_attempt(context: tally.JobContext) -> dict[str, Any]:
    """What is known of an attempt as it begins; what is ours has our name before it."""
    known = _of_attempts(context.job_type, context.queue, context.worker).copy()
    known[MESSAGE_ID] = context.job_id
    known["tally.attempt"] = context.attempt
    if context.tenant:
        known["tally.tenant"] = context.tenant
    return known


@lru_cache(maxsize=1000)
def _of_attempts(job_type: str, queue: str, worker: str) -> dict[str, Any]:
    """What all attempts of a type have that come from one queue to one worker process."""
    known = {
        SYSTEM: "tally",
        OPERATION_TYPE: PROCESS,
        OPERATION_NAME: PROCESS,
        DESTINATION: queue,
        "tally.job_type": job_type,
    }
    return {**known, CLIENT_ID: worker} if worker else known


def of_exception(raised: BaseException, frames: str) -> dict[str, Any]:
    """Of an exception event, without its words; named as OpenTelemetry's SDK names exceptions."""
    kind = type(raised)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return {
        "exception.type": f"{module}{kind.__qualname__}",
        "exception.stacktrace": frames,
    }
