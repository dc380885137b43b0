"""Tells what the same data would break again from what may pass: only the latter is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from backend.domain.errors import JobSignal, PermanentFailure, TallyError
from workers.handlers.one_line import one_line

_LONGEST = 300


@contextmanager
def no_second_try(what: str) -> Iterator[None]:
    """Ends the job for good on an error that the data or a library causes.

    Files that cannot be written, and what a worker says itself, go on as they are.
    """
    try:
        yield
    except (JobSignal, TallyError, OSError):
        raise
    except MemoryError as error:
        raise PermanentFailure(
            f"{what} needs more memory than its process may have; ask for less at once, or raise "
            "worker.child_memory_limit_mb"
        ) from error
    except Exception as error:
        words = one_line(str(error), _LONGEST)
        raise PermanentFailure(
            f"{what} cannot be made of this data: {type(error).__name__}: {words}"
        ) from error
