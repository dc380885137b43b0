"""What middleware does around the attempts of one job type, in threads, on event loops and in children."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from types import TracebackType
from typing import Any, cast

from backend.domain.jobs.hooks.blame import blame
from backend.domain.jobs.hooks.in_use import IN_USE, Hooks
from workers.base_worker import JobContext
from workers.job_types.current_job import current_job

_Hook = Callable[[JobContext], AbstractContextManager[Any]]


class AttemptHooks:
    """The middleware of one job type. Its context managers stand around the call of the handler alone."""

    def __init__(self, hooks: tuple[Hooks, ...]) -> None:
        """The first is the outermost."""
        self._hooks = hooks
        only = hooks[0] if len(hooks) == 1 else None
        #: The name of the only one, and what it does, where that awaits nothing.
        self._only = _plain_hook(only) if only is not None else None

    def around(self, context: JobContext) -> AbstractContextManager[object]:
        """Around a handler that is called here."""
        # Two of Python's own context managers around a span cost a third of it, and most have one.
        return self._all(context) if self._only is None else _Layer(*self._only, context)

    @contextmanager
    def _all(self, context: JobContext) -> Iterator[None]:
        with ExitStack() as stack:
            for hooks in self._hooks:
                if hooks.around_attempt is not None:
                    stack.enter_context(_Layer(hooks.name, hooks.around_attempt, context))
            yield

    @asynccontextmanager
    async def around_async(self, context: JobContext) -> AsyncIterator[None]:
        """Around a handler that is awaited here: what can await stands before what cannot."""
        async with AsyncExitStack() as stack:
            for hooks in self._hooks:
                if hooks.around_async_attempt is not None:
                    layer = _async_layer(hooks.name, hooks.around_async_attempt, context)
                    await stack.enter_async_context(layer)
                elif hooks.around_attempt is not None:
                    stack.enter_context(_Layer(hooks.name, hooks.around_attempt, context))
            yield

    def surrounding(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """An async handler with its middleware around it."""

        async def surrounded(*arguments: Any) -> Any:
            context = current_job()
            assert context is not None  # noqa: S101 - it is set before any handler is called
            if self._only is not None:
                with _Layer(*self._only, context):
                    return await handler(*arguments)
                return None
            async with self.around_async(context):
                return await handler(*arguments)

        return surrounded


def attempt_hooks(job_type: str) -> AttemptHooks | None:
    """Those of a job type, as they are in use now; None for most."""
    concerned = tuple(
        hooks
        for hooks in IN_USE.all
        if hooks.concerns(job_type) and (hooks.around_attempt or hooks.around_async_attempt)
    )
    return AttemptHooks(concerned) if concerned else None


def _plain_hook(hooks: Hooks) -> tuple[str, _Hook] | None:
    is_plain = hooks.around_attempt is not None and hooks.around_async_attempt is None
    return (hooks.name, hooks.around_attempt) if is_plain and hooks.around_attempt else None


def _manager_in(made: Any) -> AbstractContextManager[Any]:
    """As `with` says it of what is none."""
    if not hasattr(made, "__exit__"):
        raise TypeError(
            f"{type(made).__name__!r} object does not support the context manager protocol"
        )
    return cast("AbstractContextManager[Any]", made)


class _Layer:
    """One middleware; what it raises itself says so, what passes through it does not."""

    __slots__ = ("_context", "_hook", "_manager", "_name")

    def __init__(self, name: str, hook: _Hook, context: JobContext) -> None:
        self._name = name
        self._hook = hook
        self._context = context

    def __enter__(self) -> None:
        try:
            self._manager = _manager_in(self._hook(self._context))
            self._manager.__enter__()
        except BaseException as raised:
            blame(raised, self._name, "around_attempt")
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        passing: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            return self._manager.__exit__(kind, passing, trace)
        except BaseException as raised:
            if raised is not passing:
                blame(raised, self._name, "around_attempt")
            raise


@asynccontextmanager
async def _async_layer(
    name: str, hook: Callable[[JobContext], AbstractAsyncContextManager[Any]], context: JobContext
) -> AsyncIterator[None]:
    passing: BaseException | None = None
    try:
        async with hook(context):
            try:
                yield
            except BaseException as raised:
                passing = raised
                raise
    except BaseException as raised:
        if raised is not passing:
            blame(raised, name, "around_async_attempt")
        raise
