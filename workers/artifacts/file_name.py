"""The name that people see on a file; never the name it is stored under."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

_LONGEST_BYTES = 200
#: Path separators and their look-alikes, and what some system or shell reads as more than a name.
_FORBIDDEN = frozenset('/\\:*?"<>|\u2044\u2215\u2216\u29f8\u29f5\ufe68\uff0f\uff3c')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
#: Controls, formats (right-to-left overrides among them), halves, private, line ends.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def file_name(text: str) -> str:
    """``text`` itself; raises `ValueError` when it is more, or less, than the name of a file."""
    for character in text:
        if character in _FORBIDDEN or unicodedata.category(character) in _INVISIBLE:
            raise ValueError(
                f"a file name must not hold the character {ord(character):#06x}; "
                "it is a label, the store chooses the place"
            )
    folded = unicodedata.normalize("NFKC", text)
    if not folded.strip(". ") or folded[0] in ".-~ " or folded[-1] in ". " or ".." in folded:
        raise ValueError(
            "a file name begins with a letter or digit, ends with one, and has no '..'"
        )
    if _RESERVED.fullmatch(folded):
        raise ValueError("this file name means a device on some systems; choose another")
    if any(character in _FORBIDDEN for character in folded):
        raise ValueError("a file name must not hold anything that reads as a path separator")
    if len(text.encode()) > _LONGEST_BYTES:
        raise ValueError(f"a file name has at most {_LONGEST_BYTES} bytes")
    return text


FileName = Annotated[str, Field(min_length=1), AfterValidator(file_name)]
