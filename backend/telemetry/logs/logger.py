"""Loggers of what runs in supervisors too, which do not read structlog where lines are JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backend.telemetry.logs.plain_lines import PlainLines


class Logger:
    """Says a line as structlog's loggers do: an event, and its details by name."""

    #: Of the whole process; None: structlog writes, as it was set up.
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

        getattr(structlog.get_logger(self._name), level)(event, **details)
