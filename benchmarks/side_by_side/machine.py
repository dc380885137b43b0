"""The machine of a run, and whether anybody else is at work on it."""

from __future__ import annotations

import os
import platform
from typing import Any

import psutil

#: Share of all processors that others may use.
_QUIET = 0.05


def machine() -> dict[str, Any]:
    """What figures depend on."""
    return {
        "cpus": os.cpu_count(),
        "usable_cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def busy() -> dict[str, Any]:
    """Load of the last minute, and what runs now while this run does nothing: shares of all processors."""
    now = psutil.cpu_times_percent(interval=2)
    return {
        "load": [round(load, 2) for load in os.getloadavg()],
        "busy": round(1 - now.idle / 100, 3),
        "stolen": round(getattr(now, "steal", 0.0) / 100, 3),
    }


def warning(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Why these figures should not be published; empty when the machine was quiet."""
    most = max(before["busy"], after["busy"])
    if most <= _QUIET:
        return ""
    return (
        f"THE MACHINE IS NOT QUIET: others use {most:.0%} of it (load {before['load'][0]} before,"
        f" {after['load'][0]} after). Ratios between queues measured in turn mean something, rates do not."
    )
