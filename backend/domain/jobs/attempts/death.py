"""How a worker process ended: what its supervisor knows of it, and what its jobs are judged by."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple


class Death(NamedTuple):
    """How a worker process ended, and what it ran then, by job id and fence."""

    cause: str
    running: Collection[tuple[str, str]]
    #: Those of the running ones that the process was killed for; empty: nobody knows who did it.
    guilty: Collection[tuple[str, str]] = ()
    #: Why the guilty were killed: ``timeout``, or ``crashed``; ``memory``: one alone is not guilty of
    #: what many before it left there.
    reason: str = "crashed"
    #: What had ended and was not settled yet. It began, and does so again: nobody knows how it ended.
    #: Also what still ran as its process had stopped in order, or was stopping when it was heard of last:
    #: it is not why that ended.
    ended: Collection[tuple[str, str]] = ()
