"""How a rule by key is called: what tells the key, and whose keys are one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from backend.domain.errors import InvalidOption

#: The option under which a job says that it keeps its place of a key until it has ended.
HOLD = "hold"
#: And the one under which it says what a start takes of the rates that hold it.
RATE_SHARE = "rate_share"
#: The field of a payload, or a function of the payload.
KeyBy = str | Callable[[Any], str | None]
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def check_by(by: Any) -> None:
    """Raises `InvalidOption` for what tells no key."""
    if not callable(by) and (not isinstance(by, str) or not by):
        raise InvalidOption(
            "by is the field of the payload that tells the key, or a function", field="by"
        )


def check_name(name: str) -> None:
    """Raises `InvalidOption` for a name that cannot be; empty for none is none."""
    if name and not _NAME.fullmatch(name):
        raise InvalidOption(
            "name is 1 to 64 letters, digits, dots, dashes or underscores", field="name"
        )


def key_in(payload: Mapping[str, Any], by: KeyBy) -> str | None:
    """The key that a field of a payload tells: a text, or a whole number; None for none."""
    value = payload.get(by) if isinstance(by, str) else None
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None
