"""A loop that no running job's code blocks: no limit of a job ends that, and the process is given up."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from tests.unit.runtime.loops import Bench, bench
from workers.runtime.loop.loop_watch import _HOPELESS_LOOKS, LoopStandsStill, LoopWatch


async def _wait(_: dict[str, Any]) -> None:
    await asyncio.Event().wait()


def _block(it: Bench, gate: threading.Event) -> None:
    """A callback, as of a library, keeps the loop until the gate opens."""
    blocks = threading.Event()

    def wait() -> None:
        blocks.set()
        gate.wait(60)

    it.thread.call(wait)
    assert blocks.wait(60)


def _looks(watch: LoopWatch, now: float, seconds: float, times: int) -> None:
    for _ in range(times):
        watch.complain(now, seconds)


def test_a_loop_that_no_running_job_blocks_is_given_up_when_all_their_limits_are_over() -> None:
    gate = threading.Event()

    with bench({"wait": _wait}) as it:
        it.queue.add("wait", timeout=1.0)
        it.queue.add("wait", timeout=5.0)
        it.pool.exchange([], 2)
        it.turn()
        _block(it, gate)
        watch = LoopWatch("w", it.jobs, patience_seconds=1000)
        latest = max(slot.hard_deadline for slot in it.jobs.slots)

        _looks(watch, latest - 0.5, 31.0, 2 * _HOPELESS_LOOKS)
        _looks(watch, latest + 0.5, 29.0, 2 * _HOPELESS_LOOKS)
        with pytest.raises(LoopStandsStill, match=r"gate\.wait"):
            watch.complain(latest + 0.5, 31.0)
        gate.set()
        assert [entry for entry in it.table.running() if entry.hard_deadline] == []


def test_a_process_that_stood_still_itself_has_time_to_answer() -> None:
    gate = threading.Event()

    with bench({"wait": _wait}) as it:
        it.queue.add("wait", timeout=1.0)
        it.pool.exchange([], 1)
        it.turn()
        _block(it, gate)
        watch = LoopWatch("w", it.jobs, patience_seconds=1000)

        _looks(watch, 1e9, 3600.0, _HOPELESS_LOOKS - 1)
        with pytest.raises(LoopStandsStill):
            watch.complain(1e9, 3600.0)
        gate.set()


def test_a_loop_in_which_nothing_waits_is_left_alone() -> None:
    with bench({"wait": _wait}) as it:
        watch = LoopWatch("w", it.jobs, patience_seconds=1000)

        _looks(watch, 1e9, 3600.0, 2 * _HOPELESS_LOOKS)
