"""Where a page ended, as the text that the next request gives back."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple, Self

from backend.domain.errors import InvalidOption

#: Stores count with 63 bits.
_BEYOND = 1 << 63
#: No list is so long; with a page added it is within what stores count.
_LONGEST = 1 << 53


class Cursor(NamedTuple):
    """A place in one kind of list; what its parts mean is known to the list alone."""

    kind: str
    parts: tuple[str | int, ...]

    def __str__(self) -> str:
        plain = json.dumps([self.kind, *self.parts], ensure_ascii=False, separators=(",", ":"))
        return urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor written as ``text``; raises `InvalidOption` for one that is not ours."""
        try:
            plain = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
            kind, *parts = json.loads(plain)
        except (ValueError, TypeError, RecursionError, binascii.Error) as error:
            raise no_cursor(text) from error
        if type(kind) is not str or not all(_is_part(part) for part in parts):
            raise no_cursor(text)
        return cls(kind, tuple(parts))

    @classmethod
    def parts_of(cls, text: str, kind: str, *types: type) -> list[str | int]:
        """The parts of a cursor of one kind; raises `InvalidOption` for any other."""
        cursor = cls.parse(text)
        if cursor.kind != kind or [type(part) for part in cursor.parts] != list(types):
            raise no_cursor(text)
        return list(cursor.parts)


def _is_part(part: object) -> bool:
    return type(part) is str or (type(part) is int and 0 <= part < _BEYOND)


def offset_in(part: str | int, text: str) -> int:
    """How far in a list a part of the cursor ``text`` is; raises `InvalidOption` beyond the end of any."""
    offset = int(part)
    if offset >= _LONGEST:
        raise no_cursor(text)
    return offset


def no_cursor(text: str) -> InvalidOption:
    """The refusal of a text that no page gave."""
    return InvalidOption(f"{text!r} is not the cursor of a page", field="cursor")


def other_search() -> InvalidOption:
    """The refusal of a cursor that another list gave."""
    return InvalidOption("this cursor belongs to another search", field="cursor")
