"""A job that cancels whatever runs in the loop ends nobody but itself."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from backend.domain.jobs.attempts.outcome import OutcomeKind
from tests.unit.runtime.loops import bench


async def _sweep(_: dict[str, Any]) -> int:
    """As programs do that have a loop to themselves; its own tasks end by it."""
    own = asyncio.create_task(asyncio.Event().wait())
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.wait({own})
    return own.cancelled()


async def _cancel_its_task(_: dict[str, Any]) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.Event().wait()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_who_cancels_all_tasks_of_the_loop_ends_his_own_alone(loop: str) -> None:
    pytest.importorskip(loop)
    gate = threading.Event()

    async def pass_the_gate(_: dict[str, Any]) -> int:
        await asyncio.to_thread(gate.wait)
        return 42

    handlers = {"pass": pass_the_gate, "sweep": _sweep, "cancel": _cancel_its_task}
    with bench(handlers, loop=loop) as it:
        it.queue.add("pass", 2)
        it.pool.exchange([], 2)
        it.turn()
        it.queue.add("sweep")
        it.queue.add("cancel")
        it.pool.exchange([], 2)
        swept = it.settle(2)
        gate.set()
        it.settle(4)

    ended = dict(it.queue.settled)
    assert len(swept) == 2
    assert ended["sweep-0"].result == "true"
    assert ended["cancel-1"].kind is OutcomeKind.FAILED
    assert [ended[job_id].result for job_id in ("pass-0", "pass-1")] == ["42", "42"]
