"""Which Redis commands a step of the library may send, read from its Lua text and what it calls."""

from __future__ import annotations

import re
from functools import cache

from backend.broker.server import library

#: Also within a block, where some are declared first and defined later.
_FUNCTION = re.compile(
    r"^(?P<indent> *)(?:local )?function (?P<name>[\w.]+)\((?:[^\n]* end$|.*?^(?P=indent)end$)",
    re.MULTILINE | re.DOTALL,
)
#: What a gate's kind chooses: `OPENERS[kind](root, gate)`.
_CHOSEN, _CHOICE = "OPENERS[kind](", re.compile(r"^OPENERS\.\w+ = (\w+)", re.MULTILINE)
_SENT = re.compile(r"(?:redis\.p?call|gather)\(([^,)]*)")
#: Commands of which rights name a part.
_PARTS = {"XINFO', '": "XINFO|", "XGROUP', '": "XGROUP|"}


@cache
def _functions() -> dict[str, str]:
    """The text of every function of the library."""
    text = "\n".join(library.source_of(step) for step in (*library.SHARED, *library.STEPS))
    found = {match["name"]: match[0] for match in _FUNCTION.finditer(text)}
    choices = "".join(f"{name}(" for name in _CHOICE.findall(text))
    return {name: text.replace(_CHOSEN, choices) for name, text in found.items()}


@cache
def sent_by(name: str) -> frozenset[str]:
    """The commands of one function and of all it calls, in lower case."""
    reached, to_read = {name}, [name]
    while to_read:
        called = _called_in(_functions()[to_read.pop()]) - reached
        reached |= called
        to_read += called
    return frozenset().union(*(_own_commands(each) for each in reached))


def _called_in(text: str) -> set[str]:
    called = re.findall(r"[\w.]+(?=\()|(?<=pcall\()\w+", text)
    return set(called) & _functions().keys()


def _own_commands(name: str) -> set[str]:
    text = _functions()[name]
    for parted, joined in _PARTS.items():
        text = text.replace(parted, joined)
    sent = " ".join(_SENT.findall(text))
    return {word.lower() for word in re.findall(r"'([A-Z|]+)'", sent)}


def sent_by_steps(*steps: str) -> set[str]:
    """The commands of some steps, with what the loader wraps around each."""
    return set().union(*(sent_by(step) for step in (*steps, "flush")))
