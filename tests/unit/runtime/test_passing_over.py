"""While there is room for one kind of jobs alone, they are looked for behind those of the other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backend.domain.errors import QueueUnavailable
from tests.unit.runtime.loops import Bench, bench
from workers.runtime.loop.passing_over import PassingOver


async def _answer(_: dict[str, Any]) -> int:
    return 42


async def _wait(_: dict[str, Any]) -> None:
    await asyncio.Event().wait()


def _plain(_: dict[str, Any]) -> None:
    """In a thread."""


def test_one_who_listens_while_the_loop_is_full_looks_for_what_is_for_threads() -> None:
    with bench({"wait": _wait, "plain": _plain}, slots=1) as it:
        it.queue.add("wait")
        it.pool.exchange([], 1)
        it.queue.add("wait", 100)
        it.queue.add("plain", 2)

        nothing, found = it.pool._listen(1), it.pool._listen(1)

        # The second look goes on where the first one ended.
        assert (nothing, it.queue.looks) == ([], [(0, 1), (100, 1)])
        assert [job.job_type for job in found or ()] == ["plain"]
        assert len(it.queue.waiting) == 101


def test_while_every_thread_is_busy_the_loop_is_filled_from_behind_plain_jobs() -> None:
    with bench({"answer": _answer, "plain": _plain}, slots=3) as it:
        it.queue.add("plain", 100)
        it.queue.add("answer", 5)

        assert it.pool.pick_for_loop()
        assert it.pool.pick_for_loop()

        assert [outcome.result for outcome in it.settle(3)] == ["42"] * 3
        assert it.queue.looks == [(0, 3), (100, 3)]
        assert [job.job_type for job in it.queue.waiting] == ["plain"] * 100 + ["answer"] * 2
        assert it.jobs.places.promise(5) == 3


def _starts(it: Bench, looks: int) -> list[int]:
    for _ in range(looks):
        it.pool.pick_for_loop()
    return [start for start, _ in it.queue.looks]


def test_every_other_look_goes_deeper_until_the_queue_ends_however_long_it_is() -> None:
    with bench({"answer": _answer, "plain": _plain}) as it:
        it.queue.add("plain", 6050)

        starts = _starts(it, 125)

        assert starts[0::2][:60] == [0] * 60
        assert starts[1::2][:60] == list(range(100, 6100, 100))
        # The end: from here on as at first.
        assert starts[120:125] == [0, 100, 0, 200, 0]


def test_what_comes_to_the_front_does_not_wait_for_the_end_of_the_backlog() -> None:
    with bench({"answer": _answer, "plain": _plain}) as it:
        it.queue.add("plain", 6000)
        _starts(it, 20)
        it.queue.add("answer")
        it.queue.waiting.insert(0, it.queue.waiting.pop())

        it.pool.pick_for_loop()

        assert it.queue.looks[-1][0] == 0
        assert [outcome.result for outcome in it.settle(1)] == ["42"]


def test_after_a_find_far_behind_the_front_comes_first_and_then_the_same_place() -> None:
    with bench({"answer": _answer, "plain": _plain}, slots=1) as it:
        it.queue.add("plain", 250)
        it.queue.add("answer", 2)
        assert _starts(it, 4) == [0, 100, 0, 200]
        it.settle(1)

        assert _starts(it, 2)[4:] == [0, 200]


def test_nothing_is_picked_for_the_loop_while_a_thread_waits_for_work() -> None:
    with bench({"answer": _answer, "plain": _plain}) as it:
        it.queue.add("answer")
        it.pool.idle._has_listener = True

        assert not it.pool.pick_for_loop()
        assert it.queue.looks == []


def test_nothing_is_picked_for_a_loop_that_is_full_or_stops() -> None:
    with bench({"wait": _wait, "plain": _plain}, slots=1) as it:
        it.queue.add("wait", 2)
        it.pool.exchange([], 1)
        assert not it.pool.pick_for_loop()

    with bench({"answer": _answer}) as it:
        it.queue.add("answer")
        it.pool.stop()
        assert not it.pool.pick_for_loop()

        assert it.queue.looks == []
        assert it.jobs.places.promise(5) == 4


def test_one_of_a_newer_version_that_is_picked_for_the_loop_is_put_off() -> None:
    with bench({"answer": _answer}) as it:
        it.queue.add("answer", options=b'{"version":7}')

        it.pool.pick_for_loop()

        [(job_id, outcome)] = it.queue.settled
        assert (job_id, outcome.delay > 0) == ("answer-0", True)
        assert it.jobs.places.promise(5) == 4


class _AwayDispatch:
    """A store that does not answer."""

    def pick_out(self, *_: Any) -> Any:
        raise QueueUnavailable("away")


def test_after_a_look_without_an_answer_jobs_may_be_ours_that_nobody_knows_of() -> None:
    with bench({"answer": _answer, "plain": _plain}) as it:
        away: Any = _AwayDispatch()
        it.pool._passing_over = PassingOver(away, lambda _: [], ("answer",))

        with pytest.raises(QueueUnavailable):
            it.pool.pick_for_loop()

        assert it.pool.in_doubt
        # The places that were promised are free again.
        assert it.jobs.places.promise(5) == 4
