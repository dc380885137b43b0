"""Processes that end below a supervisor which is the first process of a container: it gets all orphans."""

from __future__ import annotations

import os
from collections.abc import Collection


def bury_orphans(own: Collection[int]) -> None:
    """Takes ended ones out of the system's table, but for its ``own``, whose end it has to hear of."""
    try:
        # One of its own that stands before others is taken at the next look, and then it is their turn.
        while (ended := _first_ended()) is not None and ended not in own:
            os.waitpid(ended, 0)
    except ChildProcessError:
        return


def _first_ended() -> int | None:
    found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return found.si_pid if found is not None else None
