"""What one slot wants of a round trip, and what it got."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import Dispatch

Ended = Sequence[tuple[ClaimedJob, Outcome]]
#: Who comes to run so long after it was answered stands behind somebody who computes: Python makes him stop
#: for others each 5 ms.
_LATE_SECONDS = 0.004


class TripRequest:
    """Made, waited for and read by one slot; whoever carries it answers."""

    __slots__ = (
        "_answered_at",
        "_behind",
        "_unanswered",
        "claimed",
        "codes",
        "dispatch",
        "ended",
        "error",
        "most",
    )

    def __init__(self, ended: Ended, most: int) -> None:
        self.ended = ended
        self.most = most
        self.codes: list[SettleCode] = []
        self.claimed: list[ClaimedJob] = []
        self.error: BaseException | None = None
        #: The connection over which this one is to carry itself, and others that wait.
        self.dispatch: Dispatch | None = None
        #: Those of the same trip that are still to be answered.
        self._behind: deque[TripRequest] | None = None
        self._answered_at = 0.0
        # A lock, which costs a fifth of an event: there is one for each round trip of each slot.
        self._unanswered = threading.Lock()
        self._unanswered.acquire()

    def answer(self) -> None:
        """Lets go who waits for it, because it is done or shall carry; once."""
        self._answered_at = time.perf_counter()
        self._unanswered.release()

    def wait(self) -> None:
        """Blocks until it is answered; once. It answers who comes behind it."""
        self._unanswered.acquire()
        if self._behind:
            is_late = time.perf_counter() - self._answered_at > _LATE_SECONDS
            _answer(self._behind, len(self._behind) if is_late else 1)


def answer_all(requests: Sequence[TripRequest]) -> None:
    """Answers those of one trip, each as soon as the one before it runs.

    Answered at once, all but one would wake only to wait again, for the interpreter. Where that keeps one
    waiting long, as somebody computes, the rest is answered at once, to stand in line with it.
    """
    if not requests:
        return
    behind = deque(requests)
    for request in requests:
        request._behind = behind  # noqa: SLF001 - it is set here alone, for its own class
    _answer(behind, 1)


def _answer(behind: deque[TripRequest], most: int) -> None:
    for _ in range(most):
        try:
            behind.popleft().answer()
        except IndexError:
            # Another one, answered meanwhile, has done it.
            return
