"""Whether books balance is asked at one moment of Redis before anybody is told that they do not."""

from __future__ import annotations

from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_state import QueueState
from backend.domain.ledger.ledger import QueueBalance
from backend.services.health.looked_at_books import imbalances


def _seen(name: str, difference: int) -> QueueState:
    counts = dict.fromkeys(JobState, 0)
    return QueueState(name, counts, difference, 0, None, paused=False)


class _Books:
    """Notes whose are asked for."""

    def __init__(self, difference: int, error: Exception | None = None) -> None:
        self._difference = difference
        self._error = error
        self.asked: list[str] = []

    def balance(self, queue: str) -> QueueBalance:
        self.asked.append(queue)
        if self._error:
            raise self._error
        return QueueBalance(queue, self._difference, {}, 0)


def test_what_only_moved_between_two_reads_balances() -> None:
    books = _Books(0)

    assert imbalances([_seen("normal", 2), _seen("high", 0)], books) == {}
    assert books.asked == ["normal"]


def test_what_is_out_at_one_moment_is_out_by_what_it_is_then() -> None:
    assert imbalances([_seen("normal", 2)], _Books(-1)) == {"normal": -1}


def test_where_nothing_can_be_asked_nothing_moves_either() -> None:
    refusing = _Books(0, QueueUnavailable("it is a replica"))

    assert imbalances([_seen("normal", 2)], refusing) == {"normal": 2}
