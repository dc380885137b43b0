"""What a check of a model says of a value, without what the library says of its own kinds of errors."""

from __future__ import annotations


def checked_words(message: str) -> str:
    """``must be an instant``, of pydantic's ``Value error, must be an instant``."""
    return message.removeprefix("Value error, ")
