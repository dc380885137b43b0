"""The log of one attempt: its lines go to the process log, and stay with the attempt on record."""

from __future__ import annotations

import json
import time
from typing import Any

import structlog

from backend.telemetry.redaction import redact

#: More than a person reads of one attempt; the process log has them all.
_MOST_LINES, _MOST_CHARACTERS = 200, 16 * 1024


class JobLog:
    """What a handler says while it runs. Not for `print` style noise: at most 200 lines are kept.

    Each method takes an event, in words, and details by name: ``log.info("part sent", part=3)``.
    """

    def __init__(self, **identity: Any) -> None:
        self._logger = structlog.get_logger("tally.job").bind(**identity)
        self._lines: list[tuple[int, str, str]] = []
        self._characters = 0
        self._left_out = 0

    def debug(self, event: str, **details: Any) -> None:
        """Only for the process log."""
        self._logger.debug(event, **details)

    def info(self, event: str, **details: Any) -> None:
        """Something went as it should."""
        self._logger.info(event, **details)
        self._keep("info", event, details)

    def warning(self, event: str, **details: Any) -> None:
        """Something went otherwise, and the job goes on."""
        self._logger.warning(event, **details)
        self._keep("warning", event, details)

    def error(self, event: str, **details: Any) -> None:
        """Something went wrong."""
        self._logger.error(event, **details)
        self._keep("error", event, details)

    def kept(self) -> str:
        """The lines as JSON, each its time (Unix ms), level and text; empty when nothing was said."""
        lines = list(self._lines)
        if self._left_out:
            left_out = f"… and {self._left_out} more lines, which the process log has"
            lines.append((_now(), "warning", left_out))
        return json.dumps(lines, ensure_ascii=False, separators=(",", ":")) if lines else ""

    def _keep(self, level: str, event: str, details: dict[str, Any]) -> None:
        known = redact(None, level, {"event": event, **details})
        text = " ".join([str(known["event"]), *_pairs(known)])
        self._characters += len(text)
        if len(self._lines) >= _MOST_LINES or self._characters > _MOST_CHARACTERS:
            self._left_out += 1
        else:
            self._lines.append((_now(), level, text))


def _pairs(known: Any) -> list[str]:
    return [f"{name}={value}" for name, value in known.items() if name != "event"]


def _now() -> int:
    return time.time_ns() // 1_000_000
