"""Texts as both stores take them, whoever typed them in whatever encoding."""

from __future__ import annotations


def whole_text(text: str) -> str:
    """With a question mark for each half of a character (a lone surrogate), which neither store takes."""
    return text.encode("utf-8", "replace").decode()


def storable_text(text: str) -> str:
    """The same, and without NUL, which Postgres has no character for."""
    return whole_text(text.replace("\0", "\N{REPLACEMENT CHARACTER}"))
