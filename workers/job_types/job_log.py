"""The log of one attempt: its lines go to the process log, and stay with the attempt on record."""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from backend.domain.jobs.attempts.noted_progress import RawLine
from backend.domain.jobs.attempts.outcome import words_of
from backend.telemetry.logs.redaction import masked_text, redact, shown
from backend.telemetry.logs.running_job import IS_KEPT

#: More than a person reads of one attempt; the process log has them all. Of the first ones, and of the
#: last ones, which tell what went wrong.
_MOST_FIRST, _MOST_LAST = 150, 50
_MOST_CHARACTERS_FIRST, _MOST_CHARACTERS_LAST = 12 * 1024, 4 * 1024
_LEVELS = {"critical": "error", "exception": "error", "fatal": "error", "warn": "warning"}
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
        self._first: list[RawLine] = []
        self._last: deque[RawLine] = deque()
        self._characters = 0
        self._characters_last = 0
        self._left_out = 0
        #: The attempt has ended, and these were its lines.
        self.is_over = False
        #: The lines that can be seen from outside while it runs.
        self.shown: list[RawLine] = []
        #: Told of each line.
        self.forward: Callable[[RawLine], None] | None = None

    def debug(self, event: str, /, **details: Any) -> None:
        """Only for the process log."""
        self._write("debug", event, details)

    def info(self, event: str, /, **details: Any) -> None:
        """Something went as it should."""
        self._write("info", event, details)
        self.keep("info", event, details)

    def warning(self, event: str, /, **details: Any) -> None:
        """Something went otherwise, and the job goes on."""
        self._write("warning", event, details)
        self.keep("warning", event, details)

    def error(self, event: str, /, **details: Any) -> None:
        """Something went wrong."""
        self._write("error", event, details)
        self.keep("error", event, details)

    def exception(self, event: str, /, **details: Any) -> None:
        """What is being handled went wrong: with its words, and its traceback in the process log."""
        raised = sys.exc_info()[1]
        words = (
            {} if raised is None else {"exception": f"{type(raised).__name__}: {words_of(raised)}"}
        )
        self._write("exception", event, details)
        self.keep("error", event, {**details, **words})

    def kept(self) -> str:
        """The lines as JSON, each its time (Unix ms), level and text; empty when nothing was said."""
        last = list(self._last)
        lines = [*self._first, *self._hint(last), *last]
        return json.dumps(lines, ensure_ascii=False, separators=(",", ":")) if lines else ""

    def recent(self) -> list[RawLine]:
        """The last of them, of 4 KiB at most, for who looks at it while it runs."""
        lines: list[RawLine] = []
        room = _MOST_CHARACTERS_LAST
        for line in reversed([*self._first, *list(self._last)][-_MOST_LAST:]):
            room -= len(line[2])
            if room < 0:
                break
            lines.append(line)
        return lines[::-1]

    def take(self, line: RawLine) -> None:
        """Takes over a line that was written in another process."""
        self._add(line)

    def _hint(self, last: list[RawLine]) -> list[RawLine]:
        if not self._left_out:
            return []
        words = f"… and {self._left_out} more lines, which the process log has"
        return [(last[0][0] if last else _now(), "warning", words)]

    def keep(self, level: str, event: Any, details: Mapping[str, Any]) -> None:
        """Keeps a line that goes to the process log by another way; never raises."""
        try:
            known = redact(None, level, dict(details))
            said = [f"{n}={shown(v)}" for n, v in known.items()]
            text = " ".join([masked_text(str(event)), *said])
        except Exception as error:  # noqa: BLE001 - somebody's own __str__
            known_as = masked_text(event) if isinstance(event, str) else type(event).__name__
            text = f"{known_as[:200]} (not all of it can be shown: {type(error).__name__})"
        self._add((_now(), _LEVELS.get(level, level), text))

    def _write(self, level: str, event: str, details: dict[str, Any]) -> None:
        """Into the process log. A line that cannot be written fails no job: it would repeat its effects."""
        before = IS_KEPT.set(True)
        try:
            getattr(self._logger, level)(event, **_renamed(details))
        except Exception as error:  # noqa: BLE001 - values of any class, and a stream that may be full
            words = f"a line is missing in the process log: {type(error).__name__}"
            self._add((_now(), "warning", words))
        finally:
            IS_KEPT.reset(before)

    def _add(self, line: RawLine) -> None:
        if self.forward is not None:
            # Longer than any that is kept whole: over there it is judged as it is here.
            self.forward((*line[:2], line[2][: _MOST_CHARACTERS_FIRST + 1]))
        if not self._last and len(self._first) < _MOST_FIRST:
            self._characters += len(line[2])
            if self._characters <= _MOST_CHARACTERS_FIRST:
                self._first.append(line)
                return
        self._add_to_the_last(line)

    def _add_to_the_last(self, line: RawLine) -> None:
        """It pushes out the oldest of them; one that alone is too long is cut.

        Without a lock: a thread that is interrupted while it has one would leave it to nobody.
        """
        line = (*line[:2], line[2][:_MOST_CHARACTERS_LAST])
        self._last.append(line)
        self._characters_last += len(line[2])
        while len(self._last) > _MOST_LAST or self._characters_last > _MOST_CHARACTERS_LAST:
            try:
                oldest = self._last.popleft()
            except IndexError:  # Another thread of the job was faster.
                break
            self._characters_last -= len(oldest[2])
            self._left_out += 1


def _renamed(details: dict[str, Any]) -> dict[str, Any]:
    """Details under names that the line does not have itself: ``event`` becomes ``detail_event``."""
    if _OWN.isdisjoint(details):
        return details
    return {f"detail_{name}" if name in _OWN else name: value for name, value in details.items()}


def _now() -> int:
    return time.time_ns() // 1_000_000
