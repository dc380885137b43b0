"""Lines that are written inside a job: they say whose they are, and stay with its attempt."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from backend.domain.jobs.attempts.outcome import words_of
from backend.telemetry.logs.running_job import IS_KEPT, RUNNING, LoggedJob, fields_of

_NAMES = ("job_id", "job_type", "attempt", "trace_id")
#: What every line has, or structlog's own.
_NO_DETAILS = frozenset({"event", "level", "timestamp", "process", "exc_info", "stack_info"})


def job_fields(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor: inside a job each line has its id, type, attempt and trace id.

    What the line says itself under these names stays.
    """
    job = RUNNING.get()
    if job is not None:
        for name, value in fields_of(job).items():
            event.setdefault(name, value)
    return event


def keep_line(
    _logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor: from ``info`` on a line inside a job stays with its attempt.

    It belongs behind the filter of levels and before what renders.
    """
    job = RUNNING.get()
    if job is not None and method != "debug" and not IS_KEPT.get():
        details = {
            name: value
            for name, value in event.items()
            if name not in _NO_DETAILS and not name.startswith("_")
        }
        words = _words_of(event.get("exc_info"))
        job.log.keep(method, event.get("event", ""), {**details, **words})
    return event


class JobFields(logging.Filter):
    """A filter for handlers of `logging`: records have ``job_id``, ``job_type``, ``attempt``, ``trace_id``.

    They are empty outside of jobs, so that a format may name them.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets everything through."""
        job = RUNNING.get()
        known = {} if job is None else fields_of(job)
        for name in _NAMES:
            if not hasattr(record, name):
                setattr(record, name, known.get(name, ""))
        return True


class _KeepingFactory:
    """Makes the records of `logging`, and keeps those of jobs: without a handler, whoever sets those up."""

    def __init__(self, before: Callable[..., logging.LogRecord]) -> None:
        self.before = before

    def __call__(self, *args: Any, **named: Any) -> logging.LogRecord:
        """A record, as it is made without us."""
        record = self.before(*args, **named)
        job = RUNNING.get()
        # A record that came from another process is made without a level.
        is_loud = isinstance(record.levelno, int) and record.levelno >= logging.INFO
        if job is not None and is_loud and not IS_KEPT.get():
            _keep(job, record)
        return record


def _keep(job: LoggedJob, record: logging.LogRecord) -> None:
    """What a record says; a library that wraps structlog hands over the whole event, as a mapping."""
    level = record.levelname.lower()
    try:
        said = record.msg if isinstance(record.msg, Mapping) and "event" in record.msg else None
        event = record.getMessage() if said is None else said["event"]
    except Exception as error:  # noqa: BLE001 - logging tells of it, and no job fails of it
        job.log.keep(level, f"(a line that cannot be made: {type(error).__name__})", {})
        return
    job.log.keep(level, event, _words_of(record.exc_info))


def _words_of(exc_info: Any) -> dict[str, str]:
    """What an exception says, without its traceback: the process log has that."""
    raised = sys.exc_info()[1] if exc_info is True else exc_info
    if isinstance(raised, tuple):
        raised = raised[1]
    if not isinstance(raised, BaseException):
        return {}
    return {"exception": f"{type(raised).__name__}: {words_of(raised)}"}


def keep_lines_of_jobs(is_wanted: bool) -> bool:
    """Lets lines of `logging` inside a job stay with its attempt, or no longer; whether they did before."""
    factory = logging.getLogRecordFactory()
    if is_wanted and not isinstance(factory, _KeepingFactory):
        logging.setLogRecordFactory(_KeepingFactory(factory))
    elif not is_wanted and isinstance(factory, _KeepingFactory):
        logging.setLogRecordFactory(factory.before)
    return isinstance(factory, _KeepingFactory)
