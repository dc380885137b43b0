"""Tells when a package of the user's hides one of Tally's: what follows would else be a riddle."""

from __future__ import annotations

import importlib

_OURS = ("backend", "workers")


def check_own_packages() -> None:
    """Raises `ImportError` when another package called ``backend`` or ``workers`` is found first."""
    for name in _OURS:
        found = importlib.import_module(name)
        if not hasattr(found, "__tally__"):
            raise ImportError(
                f"another package called {name!r} ({_place(found)}) hides Tally's own, which has that "
                "name too; rename it, or start this process where it is not on Python's path. Programs "
                "that only enqueue can do that over HTTP instead",
                name=name,
            )


def _place(found: object) -> str:
    folders = list(getattr(found, "__path__", ()))
    return str(folders[0]) if folders else str(getattr(found, "__file__", "built in"))
