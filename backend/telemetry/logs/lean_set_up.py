"""Logs of a process that holds little: structlog is read where people read along, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from backend.telemetry.lean_imports import lean_imports
from backend.telemetry.logs.logger import Logger
from backend.telemetry.logs.plain_lines import PlainLines


def set_up_lean_logs(log: Mapping[str, Any], *, process: str) -> None:
    """As `backend.telemetry.logs.set_up.set_up_logs`, with its arguments, for lines of `Logger`."""
    if log["style"] == "json" or (log["style"] == "auto" and not sys.stderr.isatty()):
        Logger.lines = PlainLines(sys.stderr, level=log["level"], process=process)
        return
    with lean_imports():
        from backend.telemetry.logs.set_up import set_up_logs
    set_up_logs(**log, process=process)
