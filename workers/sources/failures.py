"""What a database's refusal means for a job: never, or later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from backend.domain.errors import JobSignal, PermanentFailure, RetryLater
from workers.handlers.one_line import one_line

_TIMED_OUT = "57014"
_LONGEST = 300


@contextmanager
def telling(source: str, seconds: float) -> Iterator[None]:
    """Turns what SQLAlchemy raises into a failure of the job that names the source."""
    from sqlalchemy import exc

    try:
        yield
    except (exc.ArgumentError, exc.NoSuchModuleError, exc.StatementError) as error:
        raise _meaning(source, seconds, error) from error
    except ModuleNotFoundError as error:
        raise PermanentFailure(
            f"source {source!r} needs a driver: pip install {error.name}"
        ) from error


def _meaning(source: str, seconds: float, error: Exception) -> JobSignal:
    from sqlalchemy import exc

    if not isinstance(error, exc.StatementError):
        return PermanentFailure(f"the URL of source {source!r} is not one that SQLAlchemy reads")
    words = _words(error)
    if getattr(error.orig, "pgcode", None) == _TIMED_OUT:
        return PermanentFailure(
            f"source {source!r} ended the query after {seconds:g} s; narrow it, or raise the "
            "source's statement_timeout"
        )
    if _is_out_of_memory(error):
        return PermanentFailure(
            f"the rows of source {source!r} are too large to be read; leave out the large columns, or "
            "raise worker.child_memory_limit_mb"
        )
    if isinstance(error, exc.OperationalError | exc.InterfaceError) and not _is_about_sql(error):
        return RetryLater(f"source {source!r} cannot be read now: {words}")
    return PermanentFailure(f"source {source!r} refuses the query: {words}")


def _is_out_of_memory(error: Exception) -> bool:
    """The driver's own memory, that is: what the server says about its own comes with a code."""
    orig = getattr(error, "orig", None)
    return getattr(orig, "pgcode", None) is None and "out of memory" in str(orig)


def _is_about_sql(error: Exception) -> bool:
    """SQLite calls a missing table an operational error."""
    words = str(getattr(error, "orig", ""))
    return words.startswith(("no such ", "near ", "attempt to write", "ambiguous column"))


def _words(error: Exception) -> str:
    """What the driver said, without the statement and its values."""
    return one_line(str(getattr(error, "orig", None) or type(error).__name__), _LONGEST)
