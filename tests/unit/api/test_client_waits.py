"""How the client waits for a job, by a clock that the test holds."""

from __future__ import annotations

import math
from typing import Any

import pytest

from backend.client.job_wait import JobWait


class Server:
    """Answers each question after so many seconds of the test's clock."""

    def __init__(self, *seconds: float, ends_at: float = 1e9) -> None:
        self._seconds = list(seconds)
        self._ends_at = ends_at
        self.now = 100.0
        self.asked: list[int] = []
        self.pauses: list[float] = []

    def answer(self, held_back: int, _left: float) -> dict[str, Any]:
        self.asked.append(held_back)
        takes = self._seconds.pop(0) if len(self._seconds) > 1 else self._seconds[0]
        self.now += min(takes, held_back)
        return {"state": "finished" if self.now >= self._ends_at else "started"}

    def pause(self, seconds: float) -> None:
        self.pauses.append(round(seconds, 3))
        self.now += seconds

    def waited_for(self, timeout: float) -> str:
        wait = JobWait(monotonic=lambda: self.now, sleep=self.pause)
        return str(wait.until_final(self.answer, timeout)["state"])


def test_answers_that_come_at_once_are_no_end_of_the_wait() -> None:
    server = Server(0.01)

    assert server.waited_for(10) == "started"

    assert server.now >= 110
    assert server.pauses == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0, 0.92]


def test_it_never_pauses_beyond_its_time() -> None:
    server = Server(0.01)

    server.waited_for(0.1)

    assert server.pauses == [0.09]
    assert server.asked == [1, 1]


def test_who_is_held_back_does_not_pause_and_asks_for_what_is_left() -> None:
    server = Server(20)

    assert server.waited_for(45) == "started"

    assert (server.asked, server.pauses) == ([20, 20, 5], [])


def test_a_server_that_holds_back_less_than_it_is_asked_for_is_asked_again_at_once() -> None:
    server = Server(5, ends_at=112)

    assert server.waited_for(60) == "finished"

    assert (server.asked, server.pauses) == ([20, 20, 20], [])


def test_pauses_begin_anew_once_an_answer_was_held_back() -> None:
    server = Server(0.01, 0.01, 20, 0.01, ends_at=120.7)

    assert server.waited_for(60) == "finished"

    assert server.pauses == [0.2, 0.4, 0.2]


def test_an_end_that_is_told_ends_the_wait_at_once() -> None:
    server = Server(0.01, ends_at=0)

    assert server.waited_for(60) == "finished"

    assert (server.asked, server.pauses) == ([20], [])


def test_a_wait_may_be_as_long_as_one_likes_but_not_no_number() -> None:
    server = Server(20, ends_at=1_000_000)

    assert server.waited_for(math.inf) == "finished"

    with pytest.raises(ValueError, match="timeout must be a number of seconds, not nan"):
        server.waited_for(math.nan)
