"""One thing that a check found, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    #: Works, but not as it should in production.
    WARNING = "warning"
    #: Does not work, or loses something sooner or later.
    WRONG = "wrong"


class Finding(NamedTuple):
    """``code`` is stable; ``remedy`` says what to change, empty for what is well."""

    code: str
    level: Level
    text: str
    remedy: str = ""


def ok(code: str, text: str) -> Finding:
    """All is well."""
    return Finding(code, Level.OK, text)


def warning(code: str, text: str, remedy: str) -> Finding:
    """Should be changed before it matters."""
    return Finding(code, Level.WARNING, text, remedy)


def wrong(code: str, text: str, remedy: str) -> Finding:
    """Must be changed."""
    return Finding(code, Level.WRONG, text, remedy)
