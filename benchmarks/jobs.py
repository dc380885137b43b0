"""What the benchmarks run."""

from __future__ import annotations

from typing import Any

from workers.base_worker import job_type


@job_type("noop", result_ttl=3600)
def noop(payload: dict[str, Any]) -> None:
    """Does nothing."""
