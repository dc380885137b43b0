"""The scheduler process."""

from __future__ import annotations

from backend.bootstrap.platform import Platform
from backend.loops.loop import Loop


def scheduler_loops(parts: Platform, holder: str) -> list[Loop]:
    """What the scheduler process does by the clock."""
    return [parts.promoter(holder), parts.rescuer()]
