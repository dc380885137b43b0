"""The job that runs here, for code that nobody hands a context to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from backend.telemetry.logs.running_job import RUNNING

if TYPE_CHECKING:
    from workers.base_worker import JobContext


def current_job() -> JobContext | None:
    """The context of the job that this code runs in; None outside of jobs.

    Code that a handler runs in a thread of its own sees it if that thread was given the context:
    `asyncio.to_thread` does so, `threading.Thread` does not.
    """
    return cast("JobContext | None", RUNNING.get())
