"""Structured logs on standard error: JSON lines in production, readable ones on a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Literal

import structlog

from backend.domain.text.visible_text import visible, visible_line
from backend.telemetry.logs.job_lines import job_fields, keep_line, keep_lines_of_jobs
from backend.telemetry.logs.outlet import Outlet
from backend.telemetry.logs.redaction import redact, redact_tracebacks
from backend.telemetry.logs.terminal_styles import takes_styles

#: Libraries of ours that say at each step what they do. Those of an application are its own affair.
_CHATTY = (
    "PIL", "asyncio", "fontTools", "fpdf", "gunicorn", "matplotlib", "pyarrow", "redis", "rq",
    "rq_scheduler", "sqlalchemy", "urllib3", "werkzeug",
)  # fmt: skip
#: What `_quieten` set, so that it never overrules a level that somebody chose.
_quiet: dict[str, int] = {}
#: Fields whose text has more than one line.
_OF_LINES = frozenset({"exception", "stack"})

#: A traceback is text before it is rendered: rich's, which structlog takes where it can, shows the
#: variables of each frame, and with them payloads and passwords.
_AS_WORDS = (structlog.processors.format_exc_info, redact_tracebacks)


def set_up_logs(
    *,
    level: str = "INFO",
    style: Literal["auto", "json", "text"] = "auto",
    process: str = "",
    libraries: str = "WARNING",
    setup: Literal["tally", "keep"] = "tally",
    capture: bool = True,
) -> None:
    """Sends our lines and those of libraries through one chain. Call once, early in a process.

    With ``capture`` lines inside a job stay with its attempt, whoever writes them. ``keep`` leaves
    `logging` to the application, also what an earlier call did to it.
    """
    as_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        job_fields,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    ending = [*_AS_WORDS, *_renderers(as_text=as_text)]
    structlog.configure(
        # Lines of `logging` pass through the others too, and were kept as they were made.
        processors=[*([keep_line] if capture else []), *shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    if process:
        structlog.contextvars.bind_contextvars(process=process)
    keep_lines_of_jobs(capture)
    if setup == "keep":
        _leave_to_the_application()
    else:
        _send_library_logs_through(shared, ending, level)
        _quieten(_CHATTY, max(_number(libraries), _number(level)))


def _renderers(*, as_text: bool) -> list[Any]:
    if not as_text:
        return [structlog.processors.JSONRenderer()]
    return [
        _written_out,
        structlog.dev.ConsoleRenderer(
            colors=takes_styles(sys.stderr), exception_formatter=structlog.dev.plain_traceback
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
    handler = Outlet(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    # Only our own of before: what an application put beside it, for its error tracker, say, stays.
    root.handlers[:] = [other for other in root.handlers if not isinstance(other, Outlet)]
    root.addHandler(handler)
    root.setLevel(_number(level))


def _leave_to_the_application() -> None:
    root = logging.getLogger()
    if any(isinstance(handler, Outlet) for handler in root.handlers):
        root.handlers[:] = [other for other in root.handlers if not isinstance(other, Outlet)]
        root.setLevel(logging.WARNING)
    _quieten(_CHATTY, logging.NOTSET)


def _quieten(names: Iterable[str], level: int) -> None:
    """Libraries of ours tell what goes wrong, and not what they do, unless somebody asked them to."""
    for name in names:
        logger = logging.getLogger(name)
        if logger.level in {logging.NOTSET, _quiet.get(name)}:
            logger.setLevel(level)
            _quiet[name] = level


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level]
