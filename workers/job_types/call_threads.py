"""The threads in which calls of Tally are made for an event loop: none of those that the program has there.

Those of the loop are few (six where there are two processors), and names are looked up in them. Calls that
wait for a job have threads apart from all others: however many wait, one that only asks finds its own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

#: Seconds that a wait has a thread for. So long one goes on for a wait that was given up; beyond as many as
#: there are threads, waits take turns.
TURN_SECONDS = 1.0
_MOST_CALLS, _MOST_WAITS = 32, 64

P = ParamSpec("P")
R = TypeVar("R")


class _Threads:
    """Those of one process. They are made when they are needed, and end with it."""

    def __init__(self) -> None:
        self.calling = ThreadPoolExecutor(_MOST_CALLS, "tally-calling")
        self.waiting = ThreadPoolExecutor(_MOST_WAITS, "tally-waiting")


_THREADS = _Threads()
# A fork has none of its parent's, and would wait for them for ever.
os.register_at_fork(after_in_child=_THREADS.__init__)  # type: ignore[misc]


async def in_a_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What the function returns or raises, called in the context of the caller.

    Who is cancelled meanwhile goes on at once; a call that has begun is made all the same.
    """
    return await _made(_THREADS.calling, partial(function, *args, **kwargs))


async def in_turns(look: Callable[[float], R], is_over: Callable[[R], bool], seconds: float) -> R:
    """What ``look`` finds once that is over, or after so many seconds.

    ``look`` is called again and again, and told how many seconds it may wait: a turn at most.
    """
    ends_at = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        turn = min(max(ends_at - began, 0.0), TURN_SECONDS)
        found = await _made(_THREADS.waiting, partial(look, turn))
        if is_over(found) or time.monotonic() >= ends_at:
            return found
        # Where it had nothing to wait by, as for a job that is not in Redis yet.
        await asyncio.sleep(began + turn - time.monotonic())


async def _made(threads: ThreadPoolExecutor, call: Callable[[], R]) -> R:
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(threads, context.run, call)
