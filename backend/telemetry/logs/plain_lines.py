"""The lines of a process that does not read structlog: the same JSON, for a third of its memory."""

from __future__ import annotations

import json
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

from backend.locks.fork_locks import own_lock
from backend.telemetry.logs.redaction import masked_end, redact

#: As in `logging`, whose levels are the ones of the settings.
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class PlainLines:
    """Writes one JSON object a line, as `backend.telemetry.logs.set_up` has structlog do it."""

    def __init__(self, stream: TextIO, *, level: str, process: str) -> None:
        self._stream = stream
        self._least = _LEVELS[level.lower()]
        self._process = process
        own_lock(self)

    def renew_lock(self) -> None:
        """In a fork, where the thread that held it may be missing."""
        self._lock = threading.Lock()

    def write(self, level: str, event: str, details: Mapping[str, Any]) -> None:
        """One line, if its level is loud enough."""
        if _LEVELS[level] < self._least:
            return
        line = dict(details)
        exc_info = line.pop("exc_info", None)
        line |= {"event": event, "process": self._process, "level": level, "timestamp": _now()}
        shown = dict(redact(None, level, line))
        if exc_info:
            shown["exception"] = masked_end(_traceback(exc_info))
        text = json.dumps(shown, default=repr)
        with self._lock:
            print(text, file=self._stream, flush=True)


def _now() -> str:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    shown = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{shown}.{nanoseconds // 1000:06d}Z"


def _traceback(exc_info: Any) -> str:
    """Of what is raised now, or of an exception."""
    raised = sys.exc_info()[1] if exc_info is True else exc_info
    return "".join(traceback.format_exception(raised)).rstrip("\n")
