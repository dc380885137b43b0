"""How many jobs of a type may run at once for each customer, host, or whatever its payload tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.breaker import shortened

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Limit:
    """No more than ``most`` jobs of each key run at once, in the whole deployment.

    ``by``: the field of the payload that tells the key, or a function that is given the payload (its model,
    if the type has one) and returns it as text. ``name``: types that give the same name share the slots of
    a key; else each has its own. A job without a key is refused, or, with ``optional``, not limited. Raises
    `InvalidOption`, naming what is wrong.
    """

    most: int
    by: str | Callable[[Any], str | None]
    name: str = ""
    optional: bool = False

    def __post_init__(self) -> None:
        bounds.LIMIT.whole(self.most)
        if not callable(self.by) and (not isinstance(self.by, str) or not self.by):
            raise InvalidOption(
                "by is the field of the payload that tells the key, or a function", field="by"
            )
        if self.name and not _NAME.fullmatch(self.name):
            raise InvalidOption(
                "name is 1 to 64 letters, digits, dots, dashes or underscores", field="name"
            )

    def head(self, job_type: str) -> str:
        """What the names of its keys begin with. It ends at the first colon, so that no two meet."""
        return f"{self.name or job_type}:"

    def limit_key(self, job_type: str, key: str) -> str:
        """Under which name jobs of a key share their slots."""
        return self.head(job_type) + shortened(key)

    def key_in(self, payload: Mapping[str, Any]) -> str | None:
        """The key that its field of a payload tells: a text, or a whole number; None for none."""
        value = payload.get(self.by) if isinstance(self.by, str) else None
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        return str(value) or None
