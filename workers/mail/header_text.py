"""Text that may become a header of a mail."""

from __future__ import annotations

import re

#: Control characters of ASCII, Latin-1 and Unicode, and halves of characters, which are no text.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
#: RFC 2047. Python 3.11 before 3.11.10 writes what is encoded in one as it is, line ends included
#: (CVE-2024-6923), so we let none through and encode ourselves.
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)


def header_text(text: str) -> str:
    """``text`` itself; raises `ValueError` when it could be read as more than one line of text."""
    found = _FORBIDDEN.search(text)
    if found:
        raise ValueError(
            f"character {ord(found.group()):#06x} at position {found.start()} is not allowed in a "
            "header; leave it out"
        )
    if _ENCODED_WORD.search(text):
        raise ValueError(
            "it holds an encoded word (=?…?=), which is not allowed; give the text itself"
        )
    return text
