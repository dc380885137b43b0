"""One idle slot listens for all: what it hears of is dealt out, and another one listens."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from backend.domain.jobs.job import ClaimedJob
from tests.eventually import eventually
from tests.unit.runtime.attempts import claimed
from workers.runtime.slots.idle_slots import MOST_JOBS, IdleSlots


class _Slot:
    """Waits for work as a slot does."""

    def __init__(self, wanted: int = 1) -> None:
        self.told: SimpleQueue[bool] = SimpleQueue()
        self.wanted = wanted
        self.batch: list[str] = []

    def take(self, jobs: Sequence[ClaimedJob]) -> None:
        self.batch += [job.id for job in jobs]


class _Redis:
    """Answers who listens with what a test hands it, and notes how many jobs each would have taken."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.answers: SimpleQueue[Sequence[ClaimedJob] | None] = SimpleQueue()

    def listen(self, most: int) -> Sequence[ClaimedJob] | None:
        self.asked.append(most)
        return self.answers.get()


@pytest.fixture
def redis() -> _Redis:
    return _Redis()


@pytest.fixture
def idle(redis: _Redis) -> IdleSlots:
    return IdleSlots(redis.listen)


def _jobs(*ids: str) -> list[ClaimedJob]:
    return [claimed(id=job_id) for job_id in ids]


def _wait(
    threads: ThreadPoolExecutor, idle: IdleSlots, redis: _Redis, slots: Sequence[_Slot]
) -> list[Future[Sequence[ClaimedJob]]]:
    """Lets slots wait, in this order: the first one listens."""
    futures = []
    for number, slot in enumerate(slots):
        futures.append(threads.submit(idle.wait, slot))
        eventually(lambda number=number: len(idle._waiting) + len(redis.asked) > number, 5)
    return futures


def test_what_one_hears_of_goes_to_all_before_anybody_gets_a_second(
    idle: IdleSlots, redis: _Redis
) -> None:
    slots = [_Slot() for _ in range(3)]
    with ThreadPoolExecutor() as threads:
        waiting = _wait(threads, idle, redis, slots)

        redis.answers.put(_jobs("a", "b", "c", "d"))

        assert [waits.result(20) for waits in waiting] == [(), (), ()]
    assert [slot.batch for slot in slots] == [["a", "d"], ["c"], ["b"]]


def test_it_claims_for_half_of_those_who_wait(idle: IdleSlots, redis: _Redis) -> None:
    """A burst is for other processes too."""
    slots = [_Slot(), *(_Slot(wanted=3) for _ in range(5))]
    with ThreadPoolExecutor() as threads:
        _wait(threads, idle, redis, slots)

        redis.answers.put([])
        eventually(lambda: len(redis.asked) == 2, 5)

        idle.end()
        redis.answers.put([])
    assert redis.asked == [1, 1 + 2 * 3]


def test_no_claim_is_larger_than_a_step_may_be(idle: IdleSlots, redis: _Redis) -> None:
    redis.answers.put(_jobs("a"))

    idle.wait(_Slot(wanted=1000))

    assert redis.asked == [MOST_JOBS]


def test_who_has_waited_longest_listens_next(idle: IdleSlots, redis: _Redis) -> None:
    first, second, third = (_Slot() for _ in range(3))
    with ThreadPoolExecutor() as threads:
        waiting = _wait(threads, idle, redis, [first, second, third])

        redis.answers.put(_jobs("a"))
        waiting[0].result(20)
        redis.answers.put(_jobs("b"))
        waiting[1].result(20)
        redis.answers.put(_jobs("c"))
        waiting[2].result(20)

    assert [first.batch, second.batch, third.batch] == [["a"], ["b"], ["c"]]


def test_who_cannot_listen_looks_for_work_itself_and_another_one_listens(
    idle: IdleSlots, redis: _Redis
) -> None:
    first, second = _Slot(), _Slot()
    with ThreadPoolExecutor() as threads:
        waiting = _wait(threads, idle, redis, [first, second])

        redis.answers.put(None)
        assert waiting[0].result(20) == ()
        redis.answers.put(_jobs("a"))

        assert waiting[1].result(20) == ()
    assert (first.batch, second.batch) == ([], ["a"])


def test_jobs_are_dealt_to_those_who_wait_and_not_to_who_listens(
    idle: IdleSlots, redis: _Redis
) -> None:
    listener, other = _Slot(), _Slot()
    with ThreadPoolExecutor() as threads:
        waiting = _wait(threads, idle, redis, [listener, other])

        assert idle.deal(_jobs("a", "b")) == ()
        assert waiting[1].result(20) == ()
        assert idle.deal(_jobs("c")) == _jobs("c")

        idle.end()
        redis.answers.put([])
    assert (listener.batch, other.batch) == ([], ["a", "b"])


def test_what_is_heard_of_as_all_ends_belongs_to_nobody(idle: IdleSlots, redis: _Redis) -> None:
    slots = [_Slot(), _Slot()]
    with ThreadPoolExecutor() as threads:
        listening, waiting = _wait(threads, idle, redis, slots)

        idle.end()
        redis.answers.put(_jobs("a"))

        assert (listening.result(20), waiting.result(20)) == (_jobs("a"), ())
    assert [slot.batch for slot in slots] == [[], []]
    assert idle.wait(_Slot()) == ()
    assert idle.deal(_jobs("b")) == _jobs("b")
