"""How often progress is told, and that the last of it is."""

from __future__ import annotations

import pytest

from workers.base_worker import JobContext
from workers.runtime.attempts.progress import Progress


class Told:
    """What was told of one attempt, at moments that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0
        self.lines: list[tuple[float, float | None, str]] = []
        self.context = JobContext("j", "pages", 1)
        self.context.report_progress = Progress(self.context, self._tell, lambda: self.now)

    def _tell(self, _context: JobContext, done: float, total: float | None, note: str) -> None:
        self.lines.append((done, total, note))

    def catch_up(self) -> None:
        """What a slot does when the handler has ended."""
        if self.context.catch_up is not None:
            self.context.catch_up()


@pytest.fixture
def told() -> Told:
    return Told()


def test_the_first_is_told_at_once_and_others_at_most_twice_a_second(told: Told) -> None:
    for page in range(10):
        told.context.progress(page, 10, "rendering")
        told.now += 0.125

    assert told.lines == [(0, 10, "rendering"), (4, 10, "rendering"), (8, 10, "rendering")]


def test_the_last_is_told_when_the_handler_has_ended(told: Told) -> None:
    for page in range(10):
        told.context.progress(page, 10, "rendering")

    told.catch_up()
    told.catch_up()

    assert told.lines == [(0, 10, "rendering"), (9, 10, "rendering")]


def test_what_was_told_is_not_told_again(told: Told) -> None:
    told.context.progress(1, 3)
    told.context.progress(2, 3)
    told.context.progress(3, 3)

    told.catch_up()

    assert told.lines == [(1, 3, ""), (3, 3, "")]


def test_who_says_nothing_is_asked_for_nothing(told: Told) -> None:
    assert told.context.catch_up is None
