"""An event loop for one handler after the other: what each leaves in it, and what stays there for all."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest

import tally
from tests.eventually import eventually
from workers.base_worker import BaseWorker, TimeLimitReached
from workers.runtime.attempts.own_loop import OwnLoop


@pytest.fixture
def own_loop() -> Iterator[OwnLoop]:
    made = OwnLoop()
    yield made
    made.close()


async def _a_turn() -> None:
    """Lets others go on."""
    await asyncio.wait([asyncio.ensure_future(asyncio.to_thread(int))])


class Client:
    """As those are that read in a task of their own, and answer nobody once that has ended."""

    async def connect(self) -> Client:
        self.asked: asyncio.Queue[asyncio.Future[int]] = asyncio.Queue()
        self.reader = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        while True:
            # Each answer is given by a task that the reader makes, whoever's job runs then.
            answered = await self.asked.get()
            self.answering = asyncio.create_task(self._answer(answered))

    async def _answer(self, answered: asyncio.Future[int]) -> None:
        await asyncio.to_thread(int)
        if not answered.done():
            answered.set_result(42)

    async def ask(self) -> int:
        answered = asyncio.get_running_loop().create_future()
        self.asked.put_nowait(answered)
        async with asyncio.timeout(10):
            return await answered

    async def ask_and_go(self) -> None:
        """Leaves while its question is being answered."""
        self.asked.put_nowait(asyncio.get_running_loop().create_future())
        while not self.asked.empty():
            await _a_turn()


class Connected(BaseWorker):
    """A worker whose client reads in a task of its own."""

    async def aopen(self) -> None:
        self.client = await Client().connect()

    async def aclose(self) -> None:
        self.client.reader.cancel()


def test_the_tasks_of_what_a_worker_opened_serve_each_job(own_loop: OwnLoop) -> None:
    worker = Connected(None)  # type: ignore[arg-type]
    own_loop.open(worker)

    assert own_loop.run(worker.client.ask()) == 42
    own_loop.run(worker.client.ask_and_go())
    assert not worker.client.answering.cancelled()
    assert own_loop.run(worker.client.ask()) == 42

    own_loop.close()
    assert worker.client.reader.cancelled()


def test_the_tasks_of_what_a_lifespan_opened_serve_each_job(own_loop: OwnLoop) -> None:
    @tally.lifespan
    async def client() -> AsyncIterator[Client]:
        connected = await Client().connect()
        yield connected
        connected.reader.cancel()

    async def job() -> int:
        return await (await client()).ask()

    assert [own_loop.run(job()) for _ in range(3)] == [42, 42, 42]


def test_tasks_that_a_job_leaves_are_cancelled(own_loop: OwnLoop) -> None:
    async def job() -> asyncio.Task[Any]:
        return asyncio.create_task(asyncio.Event().wait())

    assert own_loop.run(job()).cancelled()
    assert own_loop.left() == ""


def test_what_could_not_be_opened_leaves_nothing(own_loop: OwnLoop) -> None:
    left: list[asyncio.Task[Any]] = []

    class Refused(BaseWorker):
        async def aopen(self) -> None:
            left.append(asyncio.create_task(asyncio.Event().wait()))
            raise OSError("away")

    with pytest.raises(OSError, match="away"):
        own_loop.open(Refused(None))  # type: ignore[arg-type]

    assert left[0].cancelled()


async def _exit() -> None:
    await _a_turn()
    sys.exit(3)


@pytest.mark.parametrize("grouped", [True, False])
def test_one_whose_task_exits_is_over_before_the_next_begins(
    own_loop: OwnLoop, grouped: bool
) -> None:
    said: list[str] = []

    async def exits() -> None:
        try:
            if grouped:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(_exit())
                    await asyncio.Event().wait()
            exiting = asyncio.create_task(_exit())
            await asyncio.Event().wait()
            await exiting
        finally:
            said.append("closed")

    with pytest.raises(SystemExit):
        own_loop.run(exits())

    assert said == ["closed"]
    assert own_loop.left() == ""
    # A job in a thread is not to be interrupted by a cancel of a task that nobody turns.
    assert not own_loop.interrupt(TimeLimitReached, "timeout")
    assert [own_loop.run(asyncio.to_thread(abs, n)) for n in range(3)] == [0, 1, 2]


class Poller:
    """Takes no notice of a cancel until it may end."""

    def __init__(self) -> None:
        self.may_end = False
        self.turns = 0

    async def go_on(self) -> None:
        while not self.may_end:
            with suppress(asyncio.CancelledError):
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.01)
                self.turns += 1


def test_a_task_that_does_not_end_keeps_no_result_from_its_job_and_is_told(
    own_loop: OwnLoop,
) -> None:
    poller = Poller()

    async def job() -> int:
        asyncio.create_task(poller.go_on(), name="poller")  # noqa: RUF006 - that is the point
        await _a_turn()
        return 42

    assert own_loop.run(job()) == 42
    assert own_loop.left() == "the task poller"

    poller.may_end = True
    assert own_loop.left() == ""


def test_a_limit_that_comes_while_leftovers_end_is_nobodys(own_loop: OwnLoop) -> None:
    poller = Poller()
    interrupted: list[bool] = []

    async def job() -> int:
        asyncio.create_task(poller.go_on())  # noqa: RUF006 - that is the point
        await _a_turn()
        return 42

    def interrupt() -> None:
        began = poller.turns
        eventually(lambda: poller.turns > began + 5)
        interrupted.append(own_loop.interrupt(TimeLimitReached, "timeout"))
        poller.may_end = True

    async def then() -> int:
        result = await job()
        threading.Thread(target=interrupt).start()
        return result

    assert own_loop.run(then()) == 42
    # It was taken, so that nobody raises it in the thread that turns the loop.
    eventually(lambda: interrupted)
    assert interrupted == [True]


def test_a_limit_that_comes_before_the_first_step_is_kept(own_loop: OwnLoop) -> None:
    async def before(loop: OwnLoop) -> None:
        await asyncio.Event().wait()

    real = own_loop._interruption.aim

    def late(*of: Any) -> None:
        assert own_loop.interrupt(TimeLimitReached, "timeout")
        real(*of)

    own_loop._interruption.aim = late  # type: ignore[method-assign]
    with pytest.raises(TimeLimitReached):
        own_loop.run(before(own_loop))


class Rows:
    """An async generator, and whether what it holds was released."""

    def __init__(self) -> None:
        self.released = False

    async def each(self) -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.to_thread(int)
            self.released = True


def test_a_generator_that_a_job_breaks_out_of_is_closed_with_it(own_loop: OwnLoop) -> None:
    rows = Rows()

    async def job() -> int:
        async for row in rows.each():
            return row
        return 0

    assert own_loop.run(job()) == 1
    assert rows.released


def test_a_generator_that_a_failure_held_is_closed_once_that_is_told(own_loop: OwnLoop) -> None:
    rows = Rows()

    async def job() -> None:
        each = rows.each()
        async for _ in each:
            raise ValueError("in the middle")

    with suppress(ValueError):
        own_loop.run(job())

    assert own_loop.left() == ""
    assert rows.released


def test_a_generator_that_somebody_keeps_stays_open(own_loop: OwnLoop) -> None:
    rows = Rows()
    kept = rows.each()

    async def job() -> int:
        return await anext(kept)

    assert [own_loop.run(job()), own_loop.run(job())] == [1, 2]
    assert not rows.released


def test_one_that_does_not_close_keeps_none_from_being_closed() -> None:
    closed: list[str] = []

    class Stuck(BaseWorker):
        async def aopen(self) -> None:
            """Nothing."""

        async def aclose(self) -> None:
            raise OSError("stuck")

    class Buffered(Stuck):
        async def aclose(self) -> None:
            closed.append("flushed")

    @tally.lifespan
    async def bad() -> AsyncIterator[int]:
        yield 1
        raise OSError("stuck as well")

    own_loop = OwnLoop()
    own_loop.open(Stuck(None))  # type: ignore[arg-type]
    own_loop.open(Buffered(None))  # type: ignore[arg-type]
    own_loop.run(bad())

    with pytest.raises(ExceptionGroup) as group:
        own_loop.close()

    assert closed == ["flushed"]
    assert len(group.value.exceptions) == 2


def test_a_task_that_does_not_end_keeps_no_loop_from_being_closed() -> None:
    poller = Poller()

    class Polling(BaseWorker):
        async def aopen(self) -> None:
            self.task = asyncio.create_task(poller.go_on())

    own_loop = OwnLoop()
    own_loop.open(Polling(None))  # type: ignore[arg-type]

    own_loop.close()

    assert not poller.may_end
