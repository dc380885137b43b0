"""Names of the columns of a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from backend.domain.errors import PermanentFailure


def told_apart(names: Iterable[str], where: str) -> list[str]:
    """The names; raises `PermanentFailure` when two are the same, for one would hide the other."""
    listed = list(names)
    doubled = [name for name, times in Counter(listed).items() if times > 1]
    if doubled:
        raise PermanentFailure(
            f"{where} has more than one column named {', '.join(map(repr, doubled))}; give each a name "
            "of its own with AS"
        )
    return listed
