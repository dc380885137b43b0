"""Who cuts connections that are silent for too long goes on, whatever one of them is like."""

from __future__ import annotations

import socket
import threading
from typing import Any, cast

import psycopg2
import pytest

from backend.history.server.silence import Silence
from tests.eventually import eventually


class Closed:
    """A connection that its driver has just closed."""

    was_silent = False

    def fileno(self) -> int:
        raise psycopg2.InterfaceError("connection already closed")


class Odd(Closed):
    """One that nobody thought of."""

    def fileno(self) -> int:
        raise ValueError("odd")


class Open:
    """A connection to a server that says nothing."""

    was_silent = False

    def __init__(self) -> None:
        self._here, self._there = socket.socketpair()
        # Bounds what hangs: nobody cuts it then.
        self._here.settimeout(60)

    def fileno(self) -> int:
        return self._here.fileno()

    def listen(self) -> bytes:
        """What comes; nothing once it is cut."""
        return self._here.recv(1)

    def close(self) -> None:
        self._here.close()
        self._there.close()


def _heard(silence: Silence) -> bytes:
    connection = Open()
    try:
        with silence.waiting(cast(Any, connection), 0.0):
            return connection.listen()
    finally:
        connection.close()


def test_one_that_is_closed_already_keeps_no_other_from_being_cut() -> None:
    silence, closed = Silence(), Closed()

    with silence.waiting(cast(Any, closed), 0.0):
        eventually(lambda: closed.was_silent)

        assert _heard(silence) == b""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_whatever_ends_the_one_who_looks_another_follows() -> None:
    silence, odd = Silence(), Odd()
    before = set(threading.enumerate())
    with silence.waiting(cast(Any, odd), 0.0):
        eventually(lambda: odd.was_silent)
        for looking in set(threading.enumerate()) - before:
            looking.join()

    assert _heard(silence) == b""
