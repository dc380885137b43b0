"""What the drills run: a job whose only effect is a line in a file."""

from __future__ import annotations

import os
import time

from pydantic import BaseModel

from workers.base_worker import JobContext, job_type


class Effect(BaseModel):
    """Where to leave the line, and how long to work for it."""

    file: str
    seconds: float


@job_type("drill_effect", timeout=60, max_retries=20, retry_delays=[0.1])
def drill_effect(payload: Effect, context: JobContext) -> int:
    """Works a while, then leaves its id: the effect that must happen at least once."""
    time.sleep(payload.seconds)
    descriptor = os.open(payload.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{context.job_id}\n".encode())
    finally:
        os.close(descriptor)
    return context.attempt
