"""Says of an exception which middleware it came from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_FROM = "raised by the middleware "


@contextmanager
def blaming(middleware: str, hook: str) -> Iterator[None]:
    """Notes on what is raised within that it is this middleware's."""
    try:
        yield
    except BaseException as raised:
        blame(raised, middleware, hook)
        raise


def blame(raised: BaseException, middleware: str, hook: str) -> None:
    """Notes it on the exception, once; tracebacks show it."""
    if not blamed(raised):
        raised.add_note(f"{_FROM}{middleware}.{hook}")


def blamed(raised: BaseException) -> str:
    """What `blame` noted on it; empty for nothing."""
    notes = (note for note in getattr(raised, "__notes__", ()) if isinstance(note, str))
    return next((note for note in notes if note.startswith(_FROM)), "")
