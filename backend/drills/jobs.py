"""What the drills run: jobs whose only effects are a line in a file and a line in the log."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from pydantic import BaseModel

from workers.base_worker import JobContext, job_type


class NotedEffect(BaseModel):
    """Where to leave the line, and how long to work for it."""

    file: str
    seconds: float


class Hoard(NotedEffect):
    """What it leaves in memory."""

    megabytes: int


class Gated(NotedEffect):
    """A file that appears when it may end."""

    gate: str


#: Seconds that a job which has ended stays in Redis, where the drill looks for it at its end: a year,
#: whatever the settings around it say.
_KEPT = 365 * 24 * 3600
_PIECE = 1024 * 1024
_hoarded: list[bytearray] = []


@job_type("drill_effect", timeout=60, max_retries=20, retry_delays=[0.1], result_ttl=_KEPT)
def drill_effect(payload: NotedEffect, context: JobContext) -> int:
    """Works a while, then leaves its id: the effect that must happen at least once."""
    time.sleep(payload.seconds)
    return _leave_effect(payload, context)


def _leave_effect(payload: NotedEffect, context: JobContext) -> int:
    descriptor = os.open(payload.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{context.job_id}\n".encode())
    finally:
        os.close(descriptor)
    context.log.info("drill.effect")
    return context.attempt


@job_type("drill_hoard", timeout=60, max_retries=20, retry_delays=[0.1], result_ttl=_KEPT)
def drill_hoard(payload: Hoard, context: JobContext) -> int:
    """The same, and never lets go of memory that it took: bit by bit, so that heartbeats go on."""
    _hoarded.extend(bytearray(os.urandom(1)) * _PIECE for _ in range(payload.megabytes))
    return drill_effect(payload, context)


@job_type(
    "drill_wait", lane="many", timeout=300, max_retries=20, retry_delays=[0.1], result_ttl=_KEPT
)
async def drill_wait(payload: Gated, context: JobContext) -> int:
    """Waits with many others in one loop for the gate to open."""
    while not Path(payload.gate).exists():
        await asyncio.sleep(payload.seconds)
    return _leave_effect(payload, context)


@job_type(
    "drill_block", lane="many", timeout=60, max_retries=20, retry_delays=[0.1], result_ttl=_KEPT
)
async def drill_block(payload: NotedEffect, context: JobContext) -> int:
    """Keeps the loop from all others: what no async handler should do."""
    return drill_effect(payload, context)
