"""Which Redis commands a step of the library may send, read from its Lua text and what it calls."""

from __future__ import annotations

import re
from functools import cache

from backend.broker.server import library

_FUNCTION = re.compile(
    r"^local function (\w+)\(.*?^end$|^local function (\w+)\([^\n]* end$", re.MULTILINE | re.DOTALL
)
_SENT = re.compile(r"(?:redis\.p?call|gather)\(([^,)]*)")
#: Commands of which rights name a part.
_PARTS = {"XINFO', '": "XINFO|", "XGROUP', '": "XGROUP|"}


@cache
def _functions() -> dict[str, str]:
    """The text of every function of the library."""
    text = "\n".join(library.source_of(step) for step in (*library.SHARED, *library.STEPS))
    return {match[1] or match[2]: match[0] for match in _FUNCTION.finditer(text)}


@cache
def sent_by(name: str) -> frozenset[str]:
    """The commands of one function and of all it calls, in lower case."""
    text = _functions()[name]
    for parted, joined in _PARTS.items():
        text = text.replace(parted, joined)
    sent = " ".join(_SENT.findall(text))
    own = {word.lower() for word in re.findall(r"'([A-Z|]+)'", sent)}
    words = set(re.findall(r"\b(\w+)\(", text))
    called = {other for other in _functions() if other != name and other in words}
    return frozenset(own).union(*(sent_by(other) for other in called))


def sent_by_steps(*steps: str) -> set[str]:
    """The commands of some steps, with what the loader wraps around each."""
    return set().union(*(sent_by(step) for step in (*steps, "flush")))
