"""One action on several things: each is tried, each answer is told, and failing is in the status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from backend.cli.output.printing import print_json, say, tell
from backend.domain.errors import InvalidRequest


def for_each(
    names: Sequence[str],
    act: Callable[[str], str],
    *,
    as_json: bool,
) -> None:
    """Acts on each thing and prints what became of it; status 1 when one was refused."""
    done: dict[str, str] = {}
    refused: dict[str, str] = {}
    for name in names:
        try:
            done[name] = act(name)
        except InvalidRequest as error:
            refused[name] = f"{error} [{error.code}]"
    if as_json:
        print_json({"done": done, "refused": refused})
    else:
        for name, word in done.items():
            tell(f"{name} {word}")
        for why in refused.values():
            say(f"tally: {why}")
    if refused:
        sys.exit(1)
