"""The lock of what `logging` writes through: whoever is reached in it from outside gives it back."""

from __future__ import annotations

import ctypes
import io
import logging
import threading
from collections.abc import Callable

import pytest

from backend.telemetry.logs.outlet import Outlet


class TimeIsUp(BaseException):
    """What a time limit raises in the thread of a handler."""


def _raise_in(thread: threading.Thread) -> None:
    told = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeIsUp)
    )
    assert told == 1


def _reach(outlet: Outlet, say: Callable[[], object]) -> list[type[BaseException]]:
    """What a thread ends with that is reached from outside at, or just before, another's line."""
    comes = threading.Event()
    ended: list[type[BaseException]] = []

    def run() -> None:
        comes.set()
        try:
            say()
            while True:
                pass
        except TimeIsUp as raised:
            ended.append(type(raised))

    thread = threading.Thread(target=run)
    with outlet.lock:
        thread.start()
        comes.wait()
        _raise_in(thread)
    thread.join()
    return ended


@pytest.mark.parametrize("said_by", ["handle", "flush"])
def test_who_is_reached_while_he_waits_for_another_line_gives_the_lock_back(said_by: str) -> None:
    outlet = Outlet(io.StringIO())
    say = {
        "handle": lambda: outlet.handle(logging.makeLogRecord({"msg": "of the handler"})),
        "flush": outlet.flush,
    }[said_by]

    # Now and then it is reached a line earlier.
    for _ in range(30):
        assert _reach(outlet, say) == [TimeIsUp]
        is_free = outlet.lock.acquire(blocking=False)
        assert is_free
        outlet.lock.release()


def test_a_filter_keeps_a_line_back() -> None:
    stream = io.StringIO()
    outlet = Outlet(stream)
    outlet.addFilter(lambda record: record.levelno > logging.DEBUG)

    for message, level in [("told", logging.INFO), ("kept back", logging.DEBUG)]:
        outlet.handle(logging.makeLogRecord({"msg": message, "levelno": level}))

    assert stream.getvalue() == "told\n"
