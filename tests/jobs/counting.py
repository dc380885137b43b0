"""Jobs that count how many attempts of them go on when one begins."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from tests.jobs.well_behaved import hold, leave_line
from workers.base_worker import JobContext, job_type


def _begun(payload: dict[str, str], context: JobContext) -> list[str]:
    lines = Path(payload["file"]).read_text().splitlines()
    return [line for line in lines if line.startswith(f"{context.job_id} begins")]


@job_type("count_beside", lane="attended", timeout=600)
def count_beside(payload: dict[str, str], context: JobContext) -> None:
    """Like `hold`; says when it begins beside how many attempts, and when it ends."""
    ended = Path(payload["file"]).read_text().splitlines().count(f"{context.job_id} ends")
    going_on = len(_begun(payload, context)) - ended
    leave_line(payload["file"], f"{context.job_id} begins beside {going_on}")
    try:
        hold(payload, context)
    finally:
        leave_line(payload["file"], f"{context.job_id} ends")


@job_type("isolated_count_beside", lane="attended", isolation="process", timeout=600)
def isolated_count_beside(payload: dict[str, str], context: JobContext) -> None:
    """The same in a process of its own: an attempt goes on as long as its process."""
    pids = [int(line.split()[-1]) for line in _begun(payload, context)]
    going_on = sum(map(psutil.pid_exists, pids))
    leave_line(payload["file"], f"{context.job_id} begins beside {going_on} as {os.getpid()}")
    hold(payload, context)
