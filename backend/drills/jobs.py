"""What the drills run: jobs whose only effects are a line in a file and a line in the log."""

from __future__ import annotations

import os
import time

from pydantic import BaseModel

from workers.base_worker import JobContext, job_type


class NotedEffect(BaseModel):
    """Where to leave the line, and how long to work for it."""

    file: str
    seconds: float


class Hoard(NotedEffect):
    """What it leaves in memory."""

    megabytes: int


_PIECE = 1024 * 1024
_hoarded: list[bytearray] = []


@job_type("drill_effect", timeout=60, max_retries=20, retry_delays=[0.1])
def drill_effect(payload: NotedEffect, context: JobContext) -> int:
    """Works a while, then leaves its id: the effect that must happen at least once."""
    time.sleep(payload.seconds)
    descriptor = os.open(payload.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{context.job_id}\n".encode())
    finally:
        os.close(descriptor)
    context.log.info("drill.effect")
    return context.attempt


@job_type("drill_hoard", timeout=60, max_retries=20, retry_delays=[0.1])
def drill_hoard(payload: Hoard, context: JobContext) -> int:
    """The same, and never lets go of memory that it took: bit by bit, so that heartbeats go on."""
    _hoarded.extend(bytearray(os.urandom(1)) * _PIECE for _ in range(payload.megabytes))
    return drill_effect(payload, context)
