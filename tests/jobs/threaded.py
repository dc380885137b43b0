"""Jobs that start threads of their own, and that harm those of their process."""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any

from workers.base_worker import JobContext, job_type


def _divide() -> None:
    _ = 1 / 0


@job_type("start_threads_that_raise", timeout=600)
def start_threads_that_raise(payload: dict[str, Any], context: JobContext) -> int:
    """Starts some that raise, or exit; how many."""
    threads = [
        threading.Thread(target=_divide),
        threading.Thread(target=sys.exit, args=(3,)),
        threading.Timer(0.0, _divide),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(threads)


@job_type("async_start_threads_that_raise", timeout=600)
async def async_start_threads_that_raise(payload: dict[str, Any], context: JobContext) -> int:
    """The same from the loop."""
    return start_threads_that_raise(payload, context)


@job_type("end_a_vital_thread", timeout=600)
def end_a_vital_thread(payload: dict[str, str], context: JobContext) -> None:
    """Has the heartbeat raise once, where nobody is told of what threads raise."""
    if context.attempt > 1:
        return
    threading.excepthook = lambda _: None
    [heartbeat] = [thread for thread in threading.enumerate() if thread.name == "heartbeat"]
    ident = ctypes.c_ulong(heartbeat.ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, ctypes.py_object(SystemExit))
    threading.Event().wait()
