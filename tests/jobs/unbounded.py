"""Jobs whose outcomes are too large, too late, or nothing that can be kept."""

from __future__ import annotations

import math
import sys
from datetime import UTC, datetime
from typing import Any

from tests.jobs.well_behaved import leave_line
from workers.base_worker import JobContext, RetryLater, Snooze, job_type

#: By a word, because JSON has none for most of them.
NO_DELAYS: dict[str, float] = {
    "inf": math.inf,
    "nan": math.nan,
    "-1": -1,
    "1e12": 1e12,
    "1e300": 1e300,
    "maxsize": sys.maxsize,
    "2**31": 2**31,
    "2**63": 2**63,
}


class Wordless(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def _endless() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


NO_RESULTS: dict[str, Any] = {
    "set": {1, 2},
    "nan": {"rate": math.nan},
    "tuple key": {(1, 2): 3},
    "number key": {"rates": {1: "a", "1": "b"}},
    "circle": _endless(),
    "bytes": [b"x"],
    "object": object(),
}


@job_type("put_off", retry_delays=[0.05, 0.05, 0.05], timeout=600)
def put_off(payload: dict[str, str], context: JobContext) -> None:
    """Has its effect, then asks for a time that is none."""
    leave_line(payload["file"], context.job_id)
    delay = NO_DELAYS[payload["delay"]]
    raise Snooze(delay) if payload["signal"] == "snooze" else RetryLater(delay=delay)


@job_type("return_no_json", retry_delays=[0.05, 0.05, 0.05], timeout=600)
def return_no_json(payload: dict[str, str], context: JobContext) -> Any:
    """Has its effect, then returns what JSON cannot say."""
    leave_line(payload["file"], context.job_id)
    return NO_RESULTS[payload["kind"]]


@job_type("return_no_json_alone", isolation="process", retry_delays=[0.05], timeout=600)
def return_no_json_alone(payload: dict[str, str], context: JobContext) -> Any:
    """The same in a process of its own."""
    return return_no_json(payload, context)


@job_type("return_much", retry_delays=[0.05], timeout=600)
def return_much(payload: dict[str, Any], context: JobContext) -> str:
    """Has its effect, then returns as many bytes as it is told."""
    leave_line(payload["file"], context.job_id)
    return "x" * int(payload["bytes"])


@job_type("return_much_alone", isolation="process", retry_delays=[0.05], timeout=600)
def return_much_alone(payload: dict[str, Any], context: JobContext) -> str:
    """The same in a process of its own."""
    return return_much(payload, context)


@job_type("return_time", timeout=600)
def return_time() -> datetime:
    """Returns what has one form in JSON."""
    return datetime(2026, 1, 27, 8, 30, tzinfo=UTC)


@job_type("raise_wordless", retry_delays=[0.05], timeout=600)
def raise_wordless(payload: dict[str, str], context: JobContext) -> None:
    """Raises what has no text."""
    leave_line(payload["file"], context.job_id)
    raise Wordless


@job_type("log_reserved", retry_delays=[0.05], timeout=600)
def log_reserved(payload: dict[str, str], context: JobContext) -> str:
    """Logs details that are called like the line's own fields."""
    leave_line(payload["file"], context.job_id)
    details: dict[str, Any] = {"event": "x", "self": 1, "job_id": "y", "attempt": 9}
    context.log.info("paid", **details)
    context.progress(math.nan)
    return "logged"
