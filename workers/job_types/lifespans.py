"""What async handlers share as long as their event loop lives: opened at first use, closed with it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from functools import wraps
from itertools import count
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from backend.domain.errors import ConfigurationError

T = TypeVar("T")


def lifespan(make: Callable[[], AsyncIterator[T]]) -> Callable[[], Awaitable[T]]:
    """Declares something that lives as long as the loop: ``await clients()`` gives it to handlers.

    The decorated async function yields it once. What stands before the ``yield`` runs at the first use in
    a worker process, what stands behind it when that ends in order, both in one task. Handlers that ask
    meanwhile wait; if it cannot be opened, each of them is told why, and the next one tries again.

    Raises `ConfigurationError` for what is no async function with a ``yield``.
    """
    if not inspect.isasyncgenfunction(make):
        name = getattr(make, "__qualname__", repr(make))
        raise ConfigurationError(
            f"lifespan: {name} must be an async function that yields once what it opened"
        )
    manage = asynccontextmanager(make)

    @wraps(make)
    async def opened() -> T:
        kept = _OPEN.setdefault(asyncio.get_running_loop(), {})
        keeper = kept.get(make)
        if keeper is None or keeper.is_over:
            keeper = kept[make] = _Keeper(manage)
            # Else what it holds would keep its loop alive for good, also one that others have ended.
            keeper.when_over(lambda: kept.pop(make, None) if kept.get(make) is keeper else None)
        value: T = await keeper.value()
        return value

    return opened


class _Keeper(Generic[T]):
    """Enters and leaves in one task: not all that can be opened may be closed by another."""

    def __init__(self, manage: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        loop = asyncio.get_running_loop()
        self._value: asyncio.Future[T] = loop.create_future()
        self._may_close = asyncio.Event()
        #: Its place among all that was opened.
        self.opened = 0
        # In a context of its own, for it outlives the job that was the first to ask: neither it nor what
        # it starts is that job's.
        self._task = Context().run(loop.create_task, self._keep(manage))

    async def _keep(self, manage: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        try:
            async with manage() as value:
                self.opened = next(_places)
                self._value.set_result(value)
                await self._may_close.wait()
        except asyncio.CancelledError:
            self._value.cancel()
            raise
        except BaseException as error:
            if self._value.done():
                raise
            self._value.set_exception(error)

    @property
    def is_over(self) -> bool:
        """Whether it could not be opened, or is closed already."""
        return self._task.done()

    def when_over(self, tell: Callable[[], object]) -> None:
        """Has ``tell`` called then."""
        self._task.add_done_callback(lambda _: tell())

    async def value(self) -> T:
        """What was opened; whoever waits for it may be cancelled without those who wait as well."""
        return await asyncio.shield(self._value)

    async def close(self) -> None:
        """Returns when it is closed; raises what that raises."""
        self._may_close.set()
        await self._task


#: By the loop itself: its id may be that of another one later.
_OPEN: MutableMapping[asyncio.AbstractEventLoop, dict[Any, _Keeper[Any]]] = WeakKeyDictionary()
_places = count(1)


async def close_lifespans() -> None:
    """Closes what is open in this loop, what was opened last first; raises an `ExceptionGroup`."""
    errors: list[Exception] = []
    kept = _OPEN.pop(asyncio.get_running_loop(), {})
    still_open = [keeper for keeper in kept.values() if not keeper.is_over]
    # Not as they were asked for: one may have needed another, which was open before it.
    for keeper in sorted(still_open, key=lambda keeper: keeper.opened, reverse=True):
        try:
            await keeper.close()
        except Exception as error:  # noqa: BLE001 - the others are to be closed as well
            errors.append(error)
    if errors:
        raise ExceptionGroup("what a lifespan opened was not closed", errors)
