"""The log of one attempt: its lines go to the process log, and stay with the attempt on record."""

from __future__ import annotations

import json
import time
from typing import Any

from backend.telemetry.logs.redaction import masked_text, redact

#: More than a person reads of one attempt; the process log has them all.
_MOST_LINES, _MOST_CHARACTERS = 200, 16 * 1024
#: What every line says of itself, and what the way to the process log takes for its own.
_OWN = frozenset(
    {
        *("self", "event", "level", "timestamp", "process", "logger", "exception"),
        *("job_id", "job_type", "attempt", "trace_id", "stack_info", "method_name"),
    }
)


class JobLog:
    """What a handler says while it runs. Not for `print` style noise: at most 200 lines are kept.

    Each method takes an event, in words, and details by name: ``log.info("part sent", part=3)``.
    No detail fails a job. One that has the name of a field of the line (``event``, ``job_id``,
    ``level``…) stands in the process log with ``detail_`` before it.
    """

    def __init__(self, **identity: Any) -> None:
        # Whoever only enqueues imports this module too: the library is half of what that takes.
        import structlog

        self._logger = structlog.get_logger("tally.job").bind(**identity)
        self._lines: list[tuple[int, str, str]] = []
        self._characters = 0
        self._left_out = 0

    def debug(self, event: str, /, **details: Any) -> None:
        """Only for the process log."""
        self._write("debug", event, details)

    def info(self, event: str, /, **details: Any) -> None:
        """Something went as it should."""
        self._write("info", event, details)
        self._keep("info", event, details)

    def warning(self, event: str, /, **details: Any) -> None:
        """Something went otherwise, and the job goes on."""
        self._write("warning", event, details)
        self._keep("warning", event, details)

    def error(self, event: str, /, **details: Any) -> None:
        """Something went wrong."""
        self._write("error", event, details)
        self._keep("error", event, details)

    def kept(self) -> str:
        """The lines as JSON, each its time (Unix ms), level and text; empty when nothing was said."""
        lines = list(self._lines)
        if self._left_out:
            left_out = f"… and {self._left_out} more lines, which the process log has"
            lines.append((_now(), "warning", left_out))
        return json.dumps(lines, ensure_ascii=False, separators=(",", ":")) if lines else ""

    def _write(self, level: str, event: str, details: dict[str, Any]) -> None:
        """Into the process log. A line that cannot be written fails no job: it would repeat its effects."""
        try:
            getattr(self._logger, level)(event, **_renamed(details))
        except Exception as error:  # noqa: BLE001 - values of any class, and a stream that may be full
            self._add("warning", f"a line is missing in the process log: {type(error).__name__}")

    def _keep(self, level: str, event: str, details: dict[str, Any]) -> None:
        try:
            known = redact(None, level, dict(details))
            text = " ".join([masked_text(str(event)), *(f"{n}={v}" for n, v in known.items())])
        except Exception as error:  # noqa: BLE001 - somebody's own __str__
            said = event if isinstance(event, str) else type(event).__name__
            text = f"{said[:200]} (not all of it can be shown: {type(error).__name__})"
        self._add(level, text)

    def _add(self, level: str, text: str) -> None:
        self._characters += len(text)
        if len(self._lines) >= _MOST_LINES or self._characters > _MOST_CHARACTERS:
            self._left_out += 1
        else:
            self._lines.append((_now(), level, text))


def _renamed(details: dict[str, Any]) -> dict[str, Any]:
    """Details under names that the line does not have itself: ``event`` becomes ``detail_event``."""
    if _OWN.isdisjoint(details):
        return details
    return {f"detail_{name}" if name in _OWN else name: value for name, value in details.items()}


def _now() -> int:
    return time.time_ns() // 1_000_000
