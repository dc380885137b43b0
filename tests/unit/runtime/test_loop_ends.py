"""The end of a process's event loop: jobs first, then what they share, each whatever others raise."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import tally
from backend.domain.jobs.attempts.outcome import OutcomeKind
from tests.eventually import eventually
from tests.unit.runtime.loops import Bench, bench
from workers.base_worker import BaseWorker, StopRequested
from workers.runtime.loop.event_loop import EventLoop
from workers.runtime.loop.loop_watch import LoopWatch


class _Client(BaseWorker):
    """A worker that says when it is closed in the loop."""

    said: list[str]

    async def aopen(self) -> None:
        """Nothing to open."""

    async def aclose(self) -> None:
        """Says so."""
        self.said.append("closed")


class _Stuck(_Client):
    """One that cannot be closed."""

    async def aclose(self) -> None:
        """Fails."""
        raise OSError("stuck")


@pytest.fixture
def benches() -> Iterator[list[Bench]]:
    """Those whose loops a test has closed."""
    made: list[Bench] = []
    yield made
    for it in made:
        it.thread.loop.close()


def _opened(it: Bench, *kinds: type[_Client]) -> tuple[EventLoop, list[str]]:
    """A loop with such workers, and what those say."""
    said: list[str] = []
    workers = [kind(None) for kind in kinds]  # type: ignore[arg-type]
    for worker in workers:
        worker.said = said
    watch = LoopWatch("w", it.jobs, patience_seconds=1000)
    event_loop = EventLoop(it.jobs, it.pool, workers, watch)
    event_loop.open()
    return event_loop, said


def test_jobs_that_still_run_end_before_what_they_use_is_closed(benches: list[Bench]) -> None:
    @tally.lifespan
    async def shared() -> AsyncIterator[int]:
        yield 1
        said.append("closed as well")

    async def hold(_: dict[str, Any]) -> None:
        await shared()
        said.append("holds")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.to_thread(int)
            said.append("rolled back")

    it = Bench({"hold": hold}, 4, "asyncio")
    benches.append(it)
    event_loop, said = _opened(it, _Client)
    it.queue.add("hold", 2)
    it.pool.exchange([], 2)
    eventually(lambda: said == ["holds"] * 2)

    event_loop.close()

    assert said[2:] == ["rolled back", "rolled back", "closed as well", "closed"]


def test_one_that_does_not_close_keeps_none_from_being_closed(benches: list[Bench]) -> None:
    benches.append(Bench({}, 1, "asyncio"))
    event_loop, said = _opened(benches[0], _Stuck, _Client)

    with pytest.raises(OSError, match="stuck"):
        event_loop.close()

    assert said == ["closed"]
    assert not event_loop._thread.is_alive()


def test_generators_that_somebody_keeps_are_closed_with_the_loop(benches: list[Bench]) -> None:
    kept: list[AsyncIterator[int]] = []

    async def rows() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            said.append("released")

    async def keep(_: dict[str, Any]) -> int:
        kept.append(rows())
        return await anext(kept[0])

    it = Bench({"keep": keep}, 1, "asyncio")
    benches.append(it)
    event_loop, said = _opened(it)
    it.queue.add("keep")
    it.pool.exchange([], 1)
    it.settle(1)

    event_loop.close()

    assert said == ["released"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_one_that_is_cancelled_before_its_first_step_has_an_end(loop: str) -> None:
    pytest.importorskip(loop)

    async def hold(_: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    with bench({"hold": hold}, loop=loop) as it:
        gate = threading.Event()
        it.thread.call(gate.wait)
        it.queue.add("hold", 2)
        it.pool.exchange([], 2)
        # In the very turn in which they begin, as where a stop has others cancelled.
        it.thread.call(_cancel_what_begins, it)
        gate.set()

        outcomes = it.settle(2)

    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.RELEASED] * 2


def _cancel_what_begins(it: Bench) -> None:
    running = [(slot, slot.running) for slot in it.jobs.slots if slot.running]
    assert len(running) == 2
    for slot, job in running:
        assert job is not None
        slot._cancel(job, StopRequested, "stopping")
