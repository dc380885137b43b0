"""What handlers share: opened once in each loop, at first use, and closed with it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Any

import pytest

import tally
from backend.domain.errors import ConfigurationError
from tests.unit.runtime.loops import bench
from workers.job_types.lifespans import close_lifespans
from workers.runtime.attempts.own_loop import OwnLoop

_tenant: ContextVar[str] = ContextVar("tenant", default="nobody's")


class Diary:
    """What was opened and closed, and what was opened."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.fails = False

        @tally.lifespan
        async def first() -> AsyncIterator[str]:
            self.lines.append("opens first")
            await asyncio.to_thread(self.lines.append, f"{_tenant.get()} task")
            if self.fails:
                raise OSError("no way")
            task = asyncio.current_task()
            try:
                yield "first"
            finally:
                self.lines.append(f"closes first {task is asyncio.current_task()}")

        @tally.lifespan
        async def second() -> AsyncIterator[str]:
            yield f"second of {await first()}"
            self.lines.append("closes second")

        self.first, self.second = first, second

    async def use(self, _payload: Any = None) -> str:
        """As a handler does."""
        _tenant.set("a job's")
        return await self.second()

    async def use_together(self) -> list[str]:
        """As many do at once."""
        return await asyncio.gather(*(self.first() for _ in range(5)))


@pytest.fixture
def diary() -> Diary:
    return Diary()


def test_it_is_opened_once_and_closed_by_the_task_that_opened_it(diary: Diary) -> None:
    async def through() -> None:
        assert await diary.use_together() == ["first"] * 5
        assert await diary.use() == "second of first"
        await close_lifespans()

    asyncio.run(through())

    assert diary.lines == [
        "opens first",
        "nobody's task",
        "closes second",
        "closes first True",
    ]


def test_a_loop_that_ends_by_itself_closes_it_too_and_is_let_go(diary: Diary) -> None:
    loops: list[Any] = []

    async def use() -> None:
        loops.append(weakref.ref(asyncio.get_running_loop()))
        await diary.first()

    asyncio.run(use())
    gc.collect()

    assert diary.lines[-1] == "closes first True"
    assert loops[0]() is None


def test_one_that_cannot_be_opened_tells_all_who_wait_and_is_tried_again(diary: Diary) -> None:
    async def through() -> list[Any]:
        diary.fails = True
        told = await asyncio.gather(diary.first(), diary.first(), return_exceptions=True)
        diary.fails = False
        return [*told, await diary.first()]

    *told, value = asyncio.run(through())

    assert [str(error) for error in told] == ["no way", "no way"]
    assert value == "first"
    assert diary.lines.count("opens first") == 2


def test_who_gives_up_waiting_leaves_it_to_the_others(diary: Diary) -> None:
    async def through() -> str:
        impatient = asyncio.ensure_future(diary.first())
        await asyncio.to_thread(impatient.done)
        patient = asyncio.ensure_future(diary.first())
        impatient.cancel()
        return await patient

    assert asyncio.run(through()) == "first"
    assert diary.lines.count("opens first") == 1


def test_jobs_that_run_one_after_the_other_in_a_loop_share_it(diary: Diary) -> None:
    own_loop = OwnLoop()

    assert [own_loop.run(diary.use()) for _ in range(2)] == ["second of first"] * 2
    assert diary.lines == ["opens first", "nobody's task"]
    own_loop.close()

    assert diary.lines[2:] == ["closes second", "closes first True"]


def test_jobs_of_a_worker_process_share_it_until_that_ends(diary: Diary) -> None:
    with bench({"use": diary.use}) as it:
        it.queue.add("use", 3)
        it.pool.exchange([], 3)
        results = [outcome.result for outcome in it.settle(3)]
        it.thread.done(close_lifespans())

    assert results == ['"second of first"'] * 3
    assert diary.lines[0] == "opens first"
    assert diary.lines[2:] == ["closes second", "closes first True"]


def test_what_goes_wrong_while_closing_keeps_none_from_being_closed(diary: Diary) -> None:
    @tally.lifespan
    async def bad() -> AsyncIterator[int]:
        yield 1
        raise OSError("stuck")

    async def through() -> None:
        await diary.first()
        await bad()
        await close_lifespans()

    with pytest.raises(ExceptionGroup) as group:
        asyncio.run(through())

    assert [str(error) for error in group.value.exceptions] == ["stuck"]
    assert diary.lines[-1] == "closes first True"


def test_what_is_no_async_function_with_a_yield_is_refused() -> None:
    async def pool() -> int:
        return 1

    with pytest.raises(ConfigurationError, match=r"pool must be an async function that yields"):
        tally.lifespan(pool)  # type: ignore[arg-type]
