"""What comes thousands at once to the event loop is done some hundred a turn."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from backend.domain.jobs.attempts.outcome import OutcomeKind
from tests.eventually import eventually
from tests.unit.runtime.loops import Bench, bench
from workers.base_worker import JobContext
from workers.runtime.loop.event_loop import look_for_garbage_less_often
from workers.runtime.loop.loop_slot import LoopSlot
from workers.runtime.loop.loop_thread import CALLS_OF_A_TURN


async def _wait(_: dict[str, Any]) -> None:
    await asyncio.Event().wait()


def test_thousands_of_tasks_are_cancelled_in_turns_of_the_loop_that_has_time_for_others_between() -> (
    None
):
    """Counted in turns: whoever wants the loop gets it after some hundred tasks at most."""
    ends: list[int] = []
    wakes: list[int] = []

    async def wait(_: dict[str, Any]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ends.append(len(wakes))

    def wake(loop: asyncio.AbstractEventLoop) -> None:
        """What anybody does who is scheduled: once each turn."""
        wakes.append(len(ends))
        if len(ends) < 5000:
            loop.call_soon(wake, loop)

    with bench({"wait": wait}, slots=5000) as it:
        it.queue.add("wait", 5000)
        for _ in range(50):
            it.pool.exchange([], 100)
        it.turn()
        gate = threading.Event()
        it.thread.call(gate.wait)
        it.thread.call(wake, it.thread.loop)

        for slot in it.jobs.slots:
            assert slot.running is not None
            slot.stop(slot.running)
        assert it.thread.has_calls
        gate.set()
        outcomes = it.settle(5000)

        between = [later - sooner for sooner, later in itertools.pairwise(wakes)]
        assert max(between) <= CALLS_OF_A_TURN
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.RELEASED}
        assert not it.thread.has_calls


def test_a_call_that_raises_keeps_no_other_from_its_turn() -> None:
    made: list[int] = []
    with bench({"wait": _wait}) as it:
        gate = threading.Event()
        it.thread.call(gate.wait)
        it.thread.call_in_turns(int, "no number")
        for number in range(2 * CALLS_OF_A_TURN):
            it.thread.call_in_turns(made.append, number)
        gate.set()
        eventually(lambda: not it.thread.has_calls)

    assert made == list(range(2 * CALLS_OF_A_TURN))


@pytest.mark.parametrize(("chosen", "kept"), [(700, 7000), (0, 0), (50_000, 50_000)])
def test_a_process_with_a_loop_looks_for_garbage_less_often_unless_told_how_often(
    chosen: int, kept: int
) -> None:
    """0 is never, as who chose it wants it."""
    before = gc.get_threshold()
    gc.set_threshold(chosen, 10, 10)
    try:
        look_for_garbage_less_often()
        assert gc.get_threshold() == (kept, 10, 10)
    finally:
        gc.set_threshold(*before)


def _run_cancelled(it: Bench, jobs: int) -> None:
    """So many jobs run in the loop, each cancelled once."""
    it.queue.add("swallow", jobs)
    while it.queue.waiting:
        it.pool.exchange([], 100)
    it.turn()
    for slot in it.jobs.slots:
        assert slot.running is not None
        slot.stop(slot.running)


def _most_a_turn(it: Bench, count: Callable[[], int], upto: int) -> int:
    """One look for strays; by how much at most it had the count grow in one turn of the loop."""
    counts: list[int] = []

    def wake() -> None:
        """What anybody does who is scheduled: once each turn."""
        counts.append(count())
        if counts[-1] < upto:
            it.thread.loop.call_soon(wake)

    it.thread.call(wake)
    it.thread.call(it.jobs.strays.look, time.monotonic() + 6)
    eventually(lambda: counts[-1:] == [upto])
    return max(later - sooner for sooner, later in itertools.pairwise(counts))


def test_thousands_of_tasks_that_do_not_obey_are_given_up_some_hundred_a_turn() -> None:
    """Asked again to end they are so as well."""
    asked: list[JobContext] = []

    async def swallow(_: dict[str, Any], context: JobContext) -> None:
        while context.stop_reason != "over":
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            asked.append(context)

    with bench({"swallow": swallow}, slots=3000) as it:
        _run_cancelled(it, 3000)
        eventually(lambda: len(asked) == 3000)

        given_up = _most_a_turn(it, lambda: len(it.jobs.strays), 3000)
        assert {outcome.kind for outcome in it.settle(3000)} == {OutcomeKind.RELEASED}
        for context in asked:
            context.stop_reason = "over"
        again = _most_a_turn(it, lambda: len(asked), 6000)

        eventually(lambda: len(it.jobs.strays) == 0)
        assert max(given_up, again) <= CALLS_OF_A_TURN


def test_a_look_for_strays_is_at_those_that_were_cancelled() -> None:
    looks: list[int] = []

    class Looked(LoopSlot):
        @property
        def is_cancelled(self) -> bool:
            looks.append(self.number)
            return super().is_cancelled

    with bench({"wait": _wait}, slots=50) as it:
        it.queue.add("wait", 50)
        it.pool.exchange([], 50)
        it.turn()
        for slot in it.jobs.slots:
            slot.__class__ = Looked
        it.thread.call(it.jobs.strays.look, time.monotonic() + 6)
        it.turn()
        assert looks == []

        slot = it.jobs.slots[7]
        assert slot.running is not None
        slot.stop(slot.running)
        it.settle(1)
        for _ in range(2):
            it.thread.call(it.jobs.strays.look, time.monotonic() + 6)
            it.turn()

    # Once: it has ended.
    assert looks == [slot.number]
