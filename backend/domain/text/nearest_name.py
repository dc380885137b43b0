"""Finds the valid name that a mistyped one was meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(word: str, names: Iterable[str]) -> str:
    """``", did you mean 'x'?"`` when a valid name is near ``word``, else an empty string."""
    close = get_close_matches(word, sorted(set(names) - {word}), n=1, cutoff=0.55)
    return f", did you mean {close[0]!r}?" if close else ""
