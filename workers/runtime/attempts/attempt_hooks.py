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
from typing import Any

from backend.domain.jobs.hooks.blame import blame
from backend.domain.jobs.hooks.in_use import IN_USE, Hooks
from workers.base_worker import JobContext
from workers.job_types.current_job import current_job


class AttemptHooks:
    """The middleware of one job type. Its context managers stand around the call of the handler alone."""

    def __init__(self, hooks: tuple[Hooks, ...]) -> None:
        """The first is the outermost."""
        self._hooks = hooks

    @contextmanager
    def around(self, context: JobContext) -> Iterator[None]:
        """Around a handler that is called here."""
        with ExitStack() as stack:
            for hooks in self._hooks:
                if hooks.around_attempt is not None:
                    stack.enter_context(_layer(hooks.name, hooks.around_attempt, context))
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
                    stack.enter_context(_layer(hooks.name, hooks.around_attempt, context))
            yield

    def surrounding(self, handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """An async handler with its middleware around it."""

        async def surrounded(*arguments: Any) -> Any:
            context = current_job()
            assert context is not None  # noqa: S101 - it is set before any handler is called
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


@contextmanager
def _layer(
    name: str, hook: Callable[[JobContext], AbstractContextManager[Any]], context: JobContext
) -> Iterator[None]:
    """One middleware; what it raises itself says so, what passes through it does not."""
    passing: BaseException | None = None
    try:
        with hook(context):
            try:
                yield
            except BaseException as raised:
                passing = raised
                raise
    except BaseException as raised:
        if raised is not passing:
            blame(raised, name, "around_attempt")
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
