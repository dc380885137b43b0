"""What the benchmarks run."""

from __future__ import annotations

import time
from typing import Any

from workers.base_worker import job_type


@job_type("noop", result_ttl=3600)
def noop(payload: dict[str, Any]) -> None:
    """Does nothing."""


@job_type("wait_50ms")
def wait_50ms(payload: dict[str, Any]) -> None:
    """Waits as a call over the network does."""
    time.sleep(0.05)


@job_type("stamp")
def stamp(payload: dict[str, Any]) -> float:
    """Says when it started, by the machine's clock."""
    return time.time()


def rq_noop() -> None:
    """The same nothing, for RQ's own worker."""
