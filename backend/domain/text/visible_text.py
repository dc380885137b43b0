"""Texts of others as a person may see them: nothing in them steers a terminal or turns a line around.

Errors, log lines, names and payloads hold whatever somebody put there. ESC sequences clear a screen and set
titles, some terminals write their clipboard by one; a right-to-left override turns the rest of a line
around, in a browser too.
"""

from __future__ import annotations

import re

#: C0 but tab and line feed; DEL and C1; marks, embeddings, overrides and isolates of direction; the line
#: and paragraph separators; halves of surrogate pairs.
_STEERING = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_TEXT = re.compile(f"[{_STEERING}]")
_IN_LINE = re.compile(f"[\t\n{_STEERING}]")
_SHORT = {"\t": r"\t", "\n": r"\n", "\r": r"\r"}


def visible(text: str) -> str:
    """``text`` with what steers written out, as ``\\x1b``; its line breaks and tabs stay."""
    return _IN_TEXT.sub(_written_out, text)


def visible_line(text: str) -> str:
    """The same for one line: line breaks and tabs are written out too."""
    return _IN_LINE.sub(_written_out, text)


def steers(text: str) -> bool:
    """Whether a name, which is one line, holds anything that would have to be written out."""
    return _IN_LINE.search(text) is not None


def _written_out(match: re.Match[str]) -> str:
    """JSON allows no other way to write those that it leaves as they are."""
    found = match[0]
    if found in _SHORT:
        return _SHORT[found]
    return f"\\x{ord(found):02x}" if found < " " else f"\\u{ord(found):04x}"
