"""Who runs isolated jobs hears what is said of each, early or late, and takes nothing for another."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from backend.domain.jobs.job import ClaimedJob
from tests.eventually import eventually
from tests.unit.runtime.attempts import claimed
from workers.base_worker import JobContext, TimeLimitReached
from workers.runtime.children import frames
from workers.runtime.children.child_checkpoints import ChildCheckpoints
from workers.runtime.children.child_inbox import ChildInbox

_FIRST, _SECOND = claimed(), claimed(id="b", fence="2-0")


class _Child:
    """A process that listens; this thread is its main one, and its worker process."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        self._theirs = theirs
        self.inbox = ChildInbox(theirs)
        self.inbox.start()

    def hear(self, *said: dict[str, Any], then: ClaimedJob) -> None:
        """What is said has been taken when the job behind it has."""
        for frame in (*said, frames.job_frame(then, "w")):
            frames.send(self._ours, frame)
        assert self.inbox.next_job() == (then, "w")

    def answer(self, job: ClaimedJob, request: dict[str, Any], value: str) -> None:
        answer = {"number": request["number"], "value": value}
        frames.send(self._ours, frames.checkpoint_frame(job, answer))

    def close(self) -> None:
        self._ours.close()
        self.inbox.join(60)
        self._theirs.close()


@pytest.fixture
def child() -> Iterator[_Child]:
    made = _Child()
    yield made
    made.close()


def _context(job: ClaimedJob) -> JobContext:
    return JobContext(job.id, job.job_type, job.attempt)


def test_a_job_never_gets_the_answer_of_the_job_before_it(child: _Child) -> None:
    def ask_and_be_interrupted(request: dict[str, Any]) -> None:
        child.answer(_FIRST, request, "the first one's")
        raise TimeLimitReached

    child.hear(then=_FIRST)
    child.inbox.begin(_FIRST, _context(_FIRST))
    with pytest.raises(TimeLimitReached):
        ChildCheckpoints(ask_and_be_interrupted, child.inbox.next_answer).load()
    child.hear(then=_SECOND)
    child.inbox.end()
    child.inbox.begin(_SECOND, _context(_SECOND))
    checkpoints = ChildCheckpoints(
        lambda request: child.answer(_SECOND, request, "its own"), child.inbox.next_answer
    )

    assert checkpoints.load() == "its own"


def test_a_job_knows_of_a_cancel_that_came_before_it_had_begun(child: _Child) -> None:
    first, second = _context(_FIRST), _context(_SECOND)
    child.hear(then=_FIRST)
    child.hear(frames.cancel_frame(_FIRST), then=_SECOND)

    child.inbox.begin(_FIRST, first)
    child.inbox.end()
    child.inbox.begin(_SECOND, second)

    assert (first.canceled, second.canceled) == (True, False)


def test_a_job_whose_time_is_over_before_it_begins_is_told_so(child: _Child) -> None:
    brief, at_once = claimed(timeout=0.001), claimed(id="c", fence="3-0", timeout=60.0)
    child.hear(then=brief)
    eventually(lambda: child.inbox._is_late)

    with pytest.raises(TimeLimitReached):
        child.inbox.begin(brief, _context(brief))

    child.inbox.end()
    child.hear(then=at_once)
    child.inbox.begin(at_once, _context(at_once))
    child.inbox.end()


def test_what_is_over_for_one_that_has_ended_is_nothing_to_the_next(child: _Child) -> None:
    brief = claimed(timeout=0.001)
    child.hear(then=brief)
    eventually(lambda: child.inbox._is_late)

    child.hear(then=_SECOND)
    child.inbox.begin(_SECOND, _context(_SECOND))

    child.inbox.end()
