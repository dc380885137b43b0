"""What a running attempt lets others see of itself: how far it is, and the last lines that it logged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from backend.domain.jobs.job import LogLine

#: A line as it is kept: Unix milliseconds, level, text.
RawLine = tuple[int, str, str]


class NotedProgress(NamedTuple):
    """What was noted last, apart: how far, None where it did not say, and the lines."""

    progress: dict[str, Any] | None = None
    log: tuple[LogLine, ...] = ()


def noted_text(progress: Mapping[str, Any] | None, lines: Sequence[RawLine]) -> str:
    """Both as one JSON text. Faces of releases that know no lines show the rest of it."""
    said = dict(progress or {})
    if lines:
        said["log"] = lines
    return json.dumps(said, ensure_ascii=False)


def noted_in(text: str) -> NotedProgress:
    """What a note says; it is empty where there is none."""
    if not text:
        return NotedProgress()
    said: dict[str, Any] = json.loads(text)
    lines = said.pop("log", ())
    return NotedProgress(said or None, log_lines(lines))


def log_lines(raw: Sequence[RawLine]) -> tuple[LogLine, ...]:
    """Lines as people see them."""
    return tuple(
        LogLine(datetime.fromtimestamp(at / 1000, UTC), level, text) for at, level, text in raw
    )
