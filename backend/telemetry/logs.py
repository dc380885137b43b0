"""Structured logs on standard error: JSON lines in production, readable ones on a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from backend.domain.visible_text import visible, visible_line
from backend.telemetry.redaction import redact

#: Fields whose text has more than one line.
_OF_LINES = frozenset({"exception", "stack"})


def set_up_logs(
    *, level: str = "INFO", style: Literal["auto", "json", "text"] = "auto", process: str = ""
) -> None:
    """Sends our lines and those of libraries through one chain. Call once, early in a process."""
    as_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    # A traceback is text before it is rendered: rich's, which structlog takes where it can, shows the
    # variables of each frame, and with them payloads and passwords.
    ending = [structlog.processors.format_exc_info, *_renderers(as_text=as_text)]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    if process:
        structlog.contextvars.bind_contextvars(process=process)
    _send_library_logs_through(shared, ending, level)


def _renderers(*, as_text: bool) -> list[Any]:
    if not as_text:
        return [structlog.processors.JSONRenderer()]
    return [
        _written_out,
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _written_out(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Nothing that others wrote steers the terminal that shows it; a traceback keeps its lines."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = visible(value) if name in _OF_LINES else visible_line(value)
    return event


def _send_library_logs_through(shared: list[Any], ending: list[Any], level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, _number(level)), force=True)


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level]
