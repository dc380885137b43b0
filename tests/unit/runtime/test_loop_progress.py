"""What async handlers say of how far they are never waits for Redis in the loop."""

from __future__ import annotations

import threading

from workers.base_worker import JobContext
from workers.runtime.loop.loop_progress import LoopProgress


class _Told:
    """Where progress is told, as slow as one wants it."""

    def __init__(self) -> None:
        self.words: list[tuple[float, str]] = []
        self.has_begun, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, done: float, total: float | None, note: str) -> None:
        self.has_begun.set()
        self.may_go_on.wait(60)
        self.words.append((done, threading.current_thread().name))


def _context(told: _Told, progress: LoopProgress) -> JobContext:
    context = JobContext("a", "fetch", 1, report_progress=told)
    progress.listen(context)
    return context


def test_saying_it_returns_while_redis_takes_its_time() -> None:
    told, progress = _Told(), LoopProgress()
    context = _context(told, progress)

    context.progress(1, 9)
    assert told.has_begun.wait(60)
    for done in range(2, 9):
        context.progress(done, 9)

    assert told.words == []
    told.may_go_on.set()
    progress.catch_up(context)
    # The first by a thread of its own; of all that came meanwhile the last, before the end is settled.
    assert [done for done, _ in told.words] == [1, 8]
    assert told.words[0][1] == "progress"


def test_words_that_cannot_be_told_fail_nothing_and_the_next_are() -> None:
    told, progress = _Told(), LoopProgress()
    told.may_go_on.set()

    def refuse(done: float, total: float | None, note: str) -> None:
        if done == 1:
            raise OSError("away")
        told(done, total, note)

    context = JobContext("a", "fetch", 1, report_progress=refuse)
    progress.listen(context)

    context.progress(1)
    progress.catch_up(context)
    context.progress(2)
    progress.catch_up(context)

    assert told.has_begun.wait(60)
    assert [done for done, _ in told.words] == [2]


def test_what_was_said_too_soon_is_told_at_the_end_as_ever() -> None:
    told, progress = _Told(), LoopProgress()
    context = _context(told, progress)
    told.may_go_on.set()
    caught_up: list[str] = []
    context.progress(1)
    context.catch_up = lambda: caught_up.append("told")

    progress.catch_up(context)

    assert caught_up == ["told"]
