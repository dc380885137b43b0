"""Standard output and error that lose lines rather than end a process.

A full disk, a closed pipe or a terminal that is gone would otherwise raise wherever somebody logs: inside
a job, in a heartbeat, in a supervisor that is about to restart a worker process. A reader that stands still
would make all of them wait.
"""

from __future__ import annotations

import io
import os
import select
import stat
import sys
from contextlib import suppress
from typing import IO, Any, TextIO, cast

from backend.telemetry.logs.answer_stream import AnswerStream
from backend.telemetry.metrics.counts import Snapshot, nothing
from backend.telemetry.metrics.metric_catalogue import LINES_LOST

_INPUT, _OUTPUT, _ERROR = 0, 1, 2


#: Milliseconds that a reader who stands still is waited for, once; then lines are lost until it reads.
_PATIENCE = 1000
#: What a pipe takes without waiting, once it can take anything.
_PIPE_CHUNK = select.PIPE_BUF


class _LossyFile(io.FileIO):
    """Takes everything, and counts the lines that could not be written."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.lines_lost = 0
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        self._most = _PIPE_CHUNK if is_pipe else sys.maxsize
        self._patience = _PATIENCE

    def write(self, data: Any, /) -> int:
        rest = bytes(data)
        while rest:
            written = self._write_some(rest[: self._most])
            if not written:
                self.lines_lost += rest.count(b"\n")
                break
            rest = rest[written:]
        return len(data)

    def _write_some(self, part: bytes) -> int | None:
        """How much was written; None also where somebody made a terminal or pipe non-blocking."""
        try:
            return super().write(part) if self._is_ready() else None
        except OSError:
            return None

    def _is_ready(self) -> bool:
        # One of its own for each look: a shared one raises when two threads print at once.
        readiness = select.poll()
        readiness.register(self.fileno(), select.POLLOUT)
        ready = bool(readiness.poll(self._patience))
        self._patience = _PATIENCE if ready else 0
        return ready


_files: list[_LossyFile] = []


def lose_error_lines() -> None:
    """From now on standard error takes every line. A stream that somebody replaced stays as it is."""
    _open_closed_descriptors()
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _lossy(sys.__stderr__, _ERROR)


def lose_lines() -> None:
    """The same for standard output too: for processes that run on, not for commands that answer."""
    lose_error_lines()
    is_of_a_command = isinstance(sys.stdout, AnswerStream)
    if sys.stdout is None or sys.stdout is sys.__stdout__ or is_of_a_command:
        sys.stdout = _lossy(sys.__stdout__, _OUTPUT)


def lines_lost() -> Snapshot:
    """How many lines this process could not write, as a metric."""
    counted = nothing()
    counted.counters[LINES_LOST.name, ()] = float(sum(file.lines_lost for file in _files))
    return counted


def _open_closed_descriptors() -> None:
    """What is opened next would get the number of a closed stream, and then its lines."""
    for descriptor in (_INPUT, _OUTPUT, _ERROR):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _lossy(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is not None:
        with suppress(OSError, ValueError):
            stream.flush()
    file = _LossyFile(descriptor)
    _files.append(file)
    like = cast("io.TextIOWrapper | None", stream)
    # Errors go out by whole lines even where Python was told to buffer nothing: many processes write
    # to one place, and parts of lines would mix.
    unbuffered = descriptor == _OUTPUT and like is not None and like.write_through
    return io.TextIOWrapper(
        cast("IO[bytes]", file if unbuffered else io.BufferedWriter(file)),
        encoding=like.encoding if like else "utf-8",
        errors=like.errors if like else "backslashreplace",
        line_buffering=descriptor == _ERROR or (like is not None and like.line_buffering),
        write_through=unbuffered,
    )
