"""What goes on beside the blows of a drill ends with them, and its errors are not lost."""

from __future__ import annotations

import threading

import pytest

from backend.drills.background import repeated


def test_the_step_is_repeated_until_the_block_ends() -> None:
    calls, threads = threading.Semaphore(0), set()

    def step() -> None:
        threads.add(threading.current_thread())
        calls.release()

    with repeated(step, pause_seconds=0.001):
        assert all(calls.acquire(timeout=30) for _ in range(3))

    assert [thread.is_alive() for thread in threads] == [False]


def test_an_error_of_the_step_is_raised_where_the_block_ends() -> None:
    called = threading.Event()

    def fail() -> None:
        called.set()
        raise ValueError("no books")

    with pytest.raises(ValueError, match=r"^no books$"), repeated(fail, pause_seconds=0.001):
        assert called.wait(30)
