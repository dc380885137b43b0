"""Whether the books of queues balance, from a look that took its time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.queue_state import QueueState
from backend.domain.ledger.ledger import QueueBalance


class Books(Protocol):
    """Where the books of a queue are read at one moment."""

    def balance(self, queue: str) -> QueueBalance:
        """The books of one queue. Raises `QueueUnavailable`."""


def imbalances(seen: Iterable[QueueState], books: Books) -> dict[str, int]:
    """By how much the books of queues are out, by name; those that balance are left out.

    What was ``seen`` was read piece by piece while jobs moved: whoever seems out is asked once more.
    """
    out = {state.name: _difference(state, books) for state in seen if state.difference}
    return {name: difference for name, difference in out.items() if difference}


def _difference(state: QueueState, books: Books) -> int:
    try:
        return books.balance(state.name).difference
    except QueueUnavailable:
        # A store that refuses the step lets no job move either: what was seen is so.
        return state.difference
