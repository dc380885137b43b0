"""Standard output of a command that answers: what cannot be written is noticed, once."""

from __future__ import annotations

import errno
import io
import select
import sys
from collections.abc import Callable
from typing import IO, Any, cast

_OUTPUT = 1


class AnswerLost(OSError):
    """Standard output takes nothing any more, and nothing has been done yet."""


class _AnswerFile(io.FileIO):
    """Fails at the first write that is refused; what comes after it is thrown away."""

    def __init__(self, must_go_on: Callable[[], bool], *, is_closed: bool) -> None:
        super().__init__(_OUTPUT, "wb", closefd=False)
        self.why_lost = ""
        self._is_over = False
        self._must_go_on = must_go_on
        self._is_closed = is_closed

    def write(self, data: Any, /) -> int:
        if self._is_over:
            return len(data)
        try:
            return self._written(data)
        except OSError as error:
            self._is_over = True
            self._lose(error)
        return len(data)

    def _written(self, data: Any) -> int:
        if self._is_closed:
            raise OSError(errno.EBADF, "it is closed")
        rest = memoryview(data).cast("B")
        while rest:
            written = super().write(rest)
            if written is None:
                # Whoever shares it made it non-blocking.
                select.select([], [self], [])
            rest = rest[written or 0 :]
        return len(data)

    def _lose(self, error: OSError) -> None:
        """A command that has begun to change something ends what it does: half of it would be worse."""
        must_go_on = self._must_go_on()
        if isinstance(error, BrokenPipeError) and not must_go_on:
            # `| head -1` has what it wanted.
            raise error
        self.why_lost = error.strerror or str(error)
        if not must_go_on:
            raise AnswerLost(error.errno, self.why_lost) from error


class AnswerStream(io.TextIOWrapper):
    """Standard output, which knows whether all of it was written."""

    def __init__(self, must_go_on: Callable[[], bool], like: io.TextIOWrapper | None) -> None:
        """``must_go_on``: whether the command is to run on without it; ``like``: it takes its place."""
        self._file = _AnswerFile(must_go_on, is_closed=like is None)
        # Python may have been told to buffer nothing.
        is_unbuffered = like is not None and like.write_through
        super().__init__(
            cast("IO[bytes]", self._file if is_unbuffered else io.BufferedWriter(self._file)),
            encoding=like.encoding if like else "utf-8",
            errors=like.errors if like else "backslashreplace",
            line_buffering=like is not None and like.line_buffering,
            write_through=is_unbuffered,
        )

    @property
    def why_lost(self) -> str:
        """Why something was not written, or nothing."""
        return self._file.why_lost


def take_answers(must_go_on: Callable[[], bool]) -> AnswerStream | None:
    """From now on standard output is such a stream, unless somebody has put another in its place."""
    if sys.stdout is not None and sys.stdout is not sys.__stdout__:
        return None
    if sys.stdout is not None:
        sys.stdout.flush()
    stream = AnswerStream(must_go_on, cast("io.TextIOWrapper | None", sys.stdout))
    sys.stdout = stream
    return stream
