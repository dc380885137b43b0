"""What comes thousands at once to the event loop is done some hundred a turn."""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import Any

from backend.domain.jobs.attempts.outcome import OutcomeKind
from tests.eventually import eventually
from tests.unit.runtime.loops import bench
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
