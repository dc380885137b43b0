"""Middleware: what an application does around all its jobs, or some types of them, in one place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from backend.domain.errors import ConfigurationError
from backend.domain.jobs.hooks.attempt_end import AttemptEnd
from backend.domain.jobs.hooks.draft import Draft
from backend.domain.jobs.hooks.in_use import IN_USE, Hooks
from backend.domain.text.nearest_name import suggestion

if TYPE_CHECKING:
    from workers.base_worker import JobContext

_HOOKS = (
    *("around_enqueue", "around_attempt", "around_async_attempt"),
    *("around_process", "on_ended"),
)


class Middleware:
    """Derive from it, override what you need, give an instance to `use`. What stays as it is costs nothing.

    The hooks that stand around something return context managers; `contextlib.contextmanager` makes one
    of a method with a ``yield``. Of several middlewares the first is the outermost. Instances are shared by
    all threads of a process.
    """

    def around_enqueue(self, drafts: Sequence[Draft]) -> AbstractContextManager[Any]:  # noqa: ARG002
        """Stands around one call that enqueues, in the process of the caller, with all jobs of the call.

        Before the ``yield`` drafts may be changed: labels, payload, priority, options. What is raised
        there the caller gets, and nothing is enqueued; raise `InvalidRequest` to refuse. After it, each
        draft has its ``job_id`` and ``created``; errors of then are logged, for the jobs are accepted.
        """
        return nullcontext()

    def around_attempt(self, context: JobContext) -> AbstractContextManager[Any]:  # noqa: ARG002
        """Stands around one attempt, in the thread, task or process of its handler.

        What the handler raises comes out of the ``yield``. What the hook raises is the attempt's failure,
        as if the handler had raised it: `RetryLater` and the others work from here. A hook that swallows
        what was raised makes the attempt finish without a result.
        """
        return nullcontext()

    def around_async_attempt(
        self,
        context: JobContext,  # noqa: ARG002
    ) -> AbstractAsyncContextManager[Any]:
        """The same for async handlers, where something must be awaited; instead of `around_attempt`."""
        return nullcontext()

    def around_process(self, kind: str) -> AbstractContextManager[Any]:  # noqa: ARG002
        """Stands around the life of a process that runs jobs: from before its workers open until after
        they have closed, in at most 5 seconds.

        ``kind`` is ``worker``, or ``child`` for a process of isolated jobs. A process whose hook raises at
        its start does not start.
        """
        return nullcontext()

    def on_ended(self, ended: AttemptEnd) -> None:
        """Is told of each attempt whose outcome is on the books, in the worker process; never of one that
        lost its lease. What it raises is logged and changes nothing. The slot waits for it: be brief.
        """


def use(middleware: Middleware, *, job_types: Collection[str] | None = None) -> None:
    """Puts a middleware around all jobs of this process, or those of some types.

    Call it where workers and callers both come by: in a module of ``job_packages``. The same instance
    again is still one. Raises `ConfigurationError` for what is no middleware.
    """
    names = None if job_types is None else frozenset(job_types)
    IN_USE.add(middleware, hooks_of(middleware, names))


def refuse_unknown_types(hooks: Iterable[Hooks], job_types: Collection[str]) -> None:
    """Raises `ConfigurationError` for middleware around a type that this worker does not know.

    It would stand around nothing, and nobody would notice. Callers may know fewer types than workers do.
    """
    for one in hooks:
        for name in sorted((one.job_types or frozenset()).difference(job_types)):
            raise ConfigurationError(
                f"the middleware {one.name} is for the job type {name!r}, which this worker does not "
                f"know{suggestion(name, job_types)}; correct job_types of tally.use, or add the type's "
                "package to job_packages"
            )


def hooks_of(middleware: Middleware, job_types: frozenset[str] | None = None) -> Hooks:
    """What it does, and what it leaves alone."""
    if not isinstance(middleware, Middleware):
        raise ConfigurationError(
            f"{middleware!r} is no middleware: derive its class from tally.Middleware and give an instance"
        )
    name = type(middleware).__name__
    found = {hook: _own(middleware, hook, name) for hook in _HOOKS}
    return Hooks(name, job_types, **found)


def _own(middleware: Middleware, hook: str, name: str) -> Callable[..., Any] | None:
    function = getattr(type(middleware), hook)
    if function is getattr(Middleware, hook):
        return None
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        maker = "asynccontextmanager" if inspect.isasyncgenfunction(function) else "contextmanager"
        raise ConfigurationError(
            f"{name}.{hook} has a yield and is not decorated: put @contextlib.{maker} above it"
        )
    if inspect.iscoroutinefunction(function):
        raise ConfigurationError(f"{name}.{hook} is an async function: nobody would await it")
    found: Callable[..., Any] = getattr(middleware, hook)
    return found
