"""One action on several things: each is tried, each answer is told, and failing is in the status."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from backend.cli.output.printing import print_json, say, tell
from backend.domain.errors import InvalidRequest


class NotDone(Exception):
    """One thing was tried, and nothing came of it; its text says why."""


def for_each(
    names: Sequence[str],
    act: Callable[[str], str],
    *,
    as_json: bool,
) -> None:
    """Acts on each thing and prints what became of it; status 1 when one was refused.

    Where a store goes away meanwhile, or somebody interrupts it, what became of those before is printed
    and which are ``left``: of the first of these nobody knows.
    """
    done: dict[str, str] = {}
    refused: dict[str, str] = {}

    def answer() -> None:
        left = [name for name in names if not {name} & (done.keys() | refused.keys())]
        _tell(done, refused, left, as_json=as_json)

    with answered_anyhow(answer, lambda: bool(done or refused)):
        for name in names:
            try:
                done[name] = act(name)
            except InvalidRequest as error:
                refused[name] = f"{error} [{error.code}]"
            except NotDone as error:
                refused[name] = str(error)
    if refused:
        sys.exit(1)


@contextmanager
def answered_anyhow(answer: Callable[[], None], is_any_done: Callable[[], bool]) -> Iterator[None]:
    """Answers at the end, and also when an error or Ctrl-C ends it, if anything was done by then."""
    try:
        yield
    except BaseException:
        if is_any_done():
            answer()
        raise
    answer()


def _tell(
    done: dict[str, str], refused: dict[str, str], left: Sequence[str], *, as_json: bool
) -> None:
    if as_json:
        print_json({"done": done, "refused": refused, **({"left": left} if left else {})})
        return
    for name, word in done.items():
        tell(f"{name} {word}")
    for why in refused.values():
        say(f"tally: {why}")
    if left:
        say(
            f"tally: {len(left)} of {len(done) + len(refused) + len(left)} are left, from {left[0]} on"
        )
