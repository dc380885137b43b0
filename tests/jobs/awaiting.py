"""Async jobs that do what they are told, and some that do what they should not."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from tests.jobs.well_behaved import leave_line
from workers.base_worker import JobContext, current_job, job_type


@job_type("async_note", timeout=60)
async def async_note(payload: dict[str, str], context: JobContext) -> dict[str, Any]:
    """Leaves its id in a file and says who ran it."""
    leave_line(payload["file"], context.job_id)
    await asyncio.sleep(0)
    context.progress(1, 2, "noted")
    return {"pid": os.getpid(), "attempt": context.attempt, "same": current_job() is context}


@job_type("async_nap", timeout=60)
async def async_nap(payload: dict[str, Any], context: JobContext) -> None:
    """Leaves its id, then waits ``seconds``."""
    leave_line(payload["file"], context.job_id)
    await asyncio.sleep(float(payload["seconds"]))


@job_type("async_hold", timeout=60)
async def async_hold(payload: dict[str, str], context: JobContext) -> None:
    """Leaves its id, then waits until a file appears or somebody asks it to end; says why it ended."""
    leave_line(payload["file"], context.job_id)
    try:
        while not Path(payload["until"]).exists() and not context.canceled:
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        leave_line(payload["file"], f"{context.job_id} {context.stop_reason}")
        raise


@job_type("async_linger", timeout=0.3, max_retries=0)
async def async_linger(payload: dict[str, str], context: JobContext) -> None:
    """Waits for ever, and says by which word it was ended."""
    try:
        await asyncio.Event().wait()
    finally:
        leave_line(payload["file"], f"{context.job_id} {context.stop_reason}")


@job_type("isolated_async_linger", isolation="process", timeout=0.3, grace=20, max_retries=0)
async def isolated_async_linger(payload: dict[str, str], context: JobContext) -> None:
    """The same in a process of its own."""
    await async_linger(payload, context)


@job_type("isolated_async_note", isolation="process", timeout=60)
async def isolated_async_note(payload: dict[str, str], context: JobContext) -> dict[str, Any]:
    """Like `async_note`, in a process of its own."""
    return await async_note(payload, context)
