"""The function that every stored job names. It runs nothing: only our worker process knows how to."""

from __future__ import annotations

from typing import Any, NoReturn


def run(job_type: str, _payload: Any) -> NoReturn:
    """Refuses, so that a stock `rq worker` started by mistake executes no job of Tally's."""
    raise RuntimeError(
        f"{job_type!r} is a job of Tally and runs only in its worker processes: start them with "
        "scripts/workers/start-workers.sh, not with `rq worker`"
    )
