"""An exception raised in another thread, by CPython's ``PyThreadState_SetAsyncExc``, and its withdrawal."""

from __future__ import annotations

import ctypes
import threading

_set_async_exc = ctypes.pythonapi.PyThreadState_SetAsyncExc


class _CalledOff(BaseException):
    """Stands in for an interrupt that is not wanted any more, and never leaves this module."""


def raise_in(ident: int | None, raised: type[BaseException]) -> None:
    """Raises in the thread at its next bytecode, in place of what it was to raise there and has not yet."""
    _set_async_exc(ctypes.c_ulong(ident or 0), ctypes.py_object(raised))


def call_off() -> None:
    """What was to be raised in the calling thread, and was not yet, will not be.

    It takes another exception instead: CPython marks the whole interpreter for each, and lifts that when
    one is taken, not when one is withdrawn. Under the mark each call of a function looks for what is not
    there, and in Python 3.11 a function that is profiled or traced looks for ever.
    """
    try:
        raise_in(threading.get_ident(), _CalledOff)
        while True:
            pass
    except _CalledOff:
        return
