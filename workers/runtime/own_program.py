"""How a program of ours is started by another."""

from __future__ import annotations

import sys


def own_program(module: str, *arguments: str) -> list[str]:
    """The words that start it with this Python.

    The current folder is not where Python looks first, as for the command `tally`: a package called
    ``workers`` there would be run in place of ours.
    """
    return [sys.executable, "-P", "-m", module, *arguments]
