"""What the handlers of every queue do: nothing, say when they began, or wait; each run is noted in one file.

A note is appended with one system call: the file's length is the count, whatever processes and threads there are, and
no store is asked for it.
"""

from __future__ import annotations

import os
import struct
import time
from typing import Any

#: How a run that says when it began is noted: the number of the job, seconds of the monotonic clock.
STAMP = struct.Struct("<qd")
WAIT_SECONDS = 0.05

_file = os.open(os.environ["BENCH_RUNS"], os.O_WRONLY | os.O_APPEND)


def noop() -> None:
    """Nothing but the note."""
    os.write(_file, b".")


def stamp(payload: dict[str, Any]) -> None:
    """Notes which job this is and when it began."""
    os.write(_file, STAMP.pack(payload["n"], time.monotonic()))


def wait() -> None:
    """Waits as a call over the network does."""
    time.sleep(WAIT_SECONDS)
    os.write(_file, b".")


async def async_wait() -> None:
    """The same on a loop."""
    import asyncio

    await asyncio.sleep(WAIT_SECONDS)
    os.write(_file, b".")
