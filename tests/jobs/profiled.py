"""Jobs that have themselves profiled, as one does who looks for what is slow."""

from __future__ import annotations

import cProfile
from typing import Any

from workers.base_worker import job_type


@job_type("profile", timeout=60, grace=5, max_retries=0)
def profile(payload: dict[str, Any]) -> int:
    """Profiles a little; how many times what it looks at was called."""
    profiler = cProfile.Profile()
    for _ in range(3):
        profiler.runcall(sorted, range(10), key=_negated)
    profiler.create_stats()
    calls: dict[tuple[str, int, str], tuple[int, ...]] = profiler.stats
    return next(seen[0] for (_, _, name), seen in calls.items() if name == _negated.__name__)


@job_type("isolated_profile", isolation="process", timeout=60, grace=5, max_retries=0)
def isolated_profile(payload: dict[str, Any]) -> int:
    """The same in a process of its own."""
    return profile(payload)


def _negated(number: int) -> int:
    return -number
