"""What Tally keeps of an error as an event of Sentry, with the frames of its traceback."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tally

_FRAME = re.compile(r'^[ |+]*File "(?P<file>.+?)", line (?P<line>\d+), in (?P<name>.+)$')
_ENTRY = "Traceback (most recent call last)"


def event_of(ended: tally.AttemptEnd) -> Any:
    """The event; raises nothing for a traceback that cannot be read."""
    error = ended.error
    assert error is not None  # noqa: S101 - only failures are reported
    exception: dict[str, Any] = {
        "type": error.error,
        "value": error.message,
        "mechanism": {"type": "tally", "handled": False},
    }
    if frames := frames_in(error.traceback):
        exception["stacktrace"] = {"frames": frames}
    tags = {
        "job_type": ended.job_type,
        "queue": ended.queue,
        "attempt": ended.attempt,
        "outcome": ended.outcome,
        "reason": error.reason,
        "tenant": ended.labels.tenant,
    }
    return {
        "level": "error" if ended.is_dead else "warning",
        "transaction": ended.job_type,
        "exception": {"values": [exception]},
        "tags": {name: value for name, value in tags.items() if value != ""},
        "contexts": {
            "job": {"id": ended.job_id, "trace_id": ended.labels.trace_id},
        },
    }


def frames_in(traceback: str) -> list[dict[str, Any]]:
    """The frames of the exception that came last, the outermost first."""
    last = traceback.rpartition(_ENTRY)[2]
    lines = last.splitlines()
    found = [(number, match) for number, line in enumerate(lines) if (match := _FRAME.match(line))]
    return [
        {
            "filename": Path(match["file"]).name,
            "abs_path": match["file"],
            "lineno": int(match["line"]),
            "function": match["name"],
            "context_line": lines[number + 1].strip(" |") if number + 1 < len(lines) else "",
            "in_app": "site-packages" not in match["file"],
        }
        for number, match in found
    ]
