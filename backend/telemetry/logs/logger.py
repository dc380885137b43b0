"""Loggers of what runs in processes that are not all ours: supervisors, and programs that enqueue.

A supervisor does not read structlog where lines are JSON. A program that sets up no structlog gets our
lines as it gets those of other libraries, from `logging`: left alone, structlog would write them to its
standard output, among what it says itself, and of a failure the variables of each frame, with payloads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.telemetry.logs.plain_lines import PlainLines

#: Frames from whoever says a line to where it is handed on.
_OURS = 4


class Logger:
    """Says a line as structlog's loggers do: an event, and its details by name."""

    #: Of the whole process; None: structlog writes, as it was set up, or `logging` where it was not.
    lines: PlainLines | None = None

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, event: str, **details: Any) -> None:
        """What helps to find a mistake."""
        self._say("debug", event, details)

    def info(self, event: str, **details: Any) -> None:
        """What happens in order."""
        self._say("info", event, details)

    def warning(self, event: str, **details: Any) -> None:
        """What somebody should know."""
        self._say("warning", event, details)

    def error(self, event: str, **details: Any) -> None:
        """What went wrong."""
        self._say("error", event, details)

    def exception(self, event: str, **details: Any) -> None:
        """What was raised and is being handled, with its traceback."""
        self._say("error", event, {"exc_info": True, **details})

    def critical(self, event: str, **details: Any) -> None:
        """What somebody must see to."""
        self._say("critical", event, details)

    def _say(self, level: str, event: str, details: dict[str, Any]) -> None:
        if self.lines is not None:
            self.lines.write(level, event, details)
            return
        import structlog

        if structlog.is_configured():
            getattr(structlog.get_logger(self._name), level)(event, **details)
            return
        self._hand_on(level, event, details)

    def _hand_on(self, level: str, event: str, details: dict[str, Any]) -> None:
        # A supervisor never comes here, and reads neither.
        import logging

        from backend.telemetry.logs.hidden_tracebacks import hide_tracebacks
        from backend.telemetry.logs.redaction import redact, shown

        raised = details.pop("exc_info", None)
        words = [
            event,
            *(f"{name}={shown(said)}" for name, said in redact(None, level, details).items()),
        ]
        number = logging.getLevelNamesMapping()[level.upper()]
        logger = logging.getLogger(self._name)
        logger.addFilter(hide_tracebacks)
        logger.log(number, "%s", " ".join(words), exc_info=raised, stacklevel=_OURS)
