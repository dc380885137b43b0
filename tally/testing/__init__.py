"""For those who test what they build on Tally: no server, no waiting, the worker's own code.

Nothing is imported, and nothing is switched, before one of these is used.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tally.testing.enqueued import EnqueuedJob
    from tally.testing.handler_alone import run_job
    from tally.testing.modes import inline, live, memory
    from tally.testing.queue_in_test import QueueInTest
    from tally.testing.worker_in_test import RanJob

__all__ = ["EnqueuedJob", "QueueInTest", "RanJob", "inline", "live", "memory", "run_job"]

_WHERE = {
    "EnqueuedJob": "enqueued",
    "QueueInTest": "queue_in_test",
    "RanJob": "worker_in_test",
    "inline": "modes",
    "live": "modes",
    "memory": "modes",
    "run_job": "handler_alone",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'tally.testing' has no attribute {name!r}", name=name)
    found = getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = found
    return found
