"""The calls that applications with an event loop make most, without blocking it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, Unpack

if TYPE_CHECKING:
    from pydantic import BaseModel

    from backend.domain.jobs.job import JobView
    from backend.domain.jobs.options.job_options import JobOptions
    from backend.services.jobs.job_options import JobRequest

P = ParamSpec("P")
R = TypeVar("R")


class _Blocking(Protocol):
    """What is called in a thread, as `QueueService` has it."""

    def enqueue_job(
        self,
        job_type: str,
        payload: Mapping[str, Any] | BaseModel | None = None,
        priority: str | None = None,
        *,
        session: Any = None,
        **options: Unpack[JobOptions],
    ) -> str: ...

    def enqueue_many(self, requests: Sequence[JobRequest], *, session: Any = None) -> list[str]: ...

    def get_job(self, job_id: str) -> JobView: ...

    def wait(self, job_id: str, timeout: float = 30.0) -> JobView: ...


class AsyncCalls:
    """Each does and raises what the call without the ``a`` does, in a thread of the loop's executor."""

    async def aenqueue_job(
        self: _Blocking,
        job_type: str,
        payload: Mapping[str, Any] | BaseModel | None = None,
        priority: str | None = None,
        *,
        session: Any = None,
        **options: Unpack[JobOptions],
    ) -> str:
        """Like `enqueue_job`. A ``session`` must not be used elsewhere meanwhile."""
        return await _in_a_thread(
            self.enqueue_job, job_type, payload, priority, session=session, **options
        )

    async def aenqueue_many(
        self: _Blocking, requests: Sequence[JobRequest], *, session: Any = None
    ) -> list[str]:
        """Like `enqueue_many`."""
        return await _in_a_thread(self.enqueue_many, requests, session=session)

    async def aget_job(self: _Blocking, job_id: str) -> JobView:
        """Like `get_job`."""
        return await _in_a_thread(self.get_job, job_id)

    async def await_job(self: _Blocking, job_id: str, timeout: float = 30.0) -> JobView:
        """Like `wait`; the thread is taken for as long."""
        return await _in_a_thread(self.wait, job_id, timeout)


async def _in_a_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    # Whoever has no loop need not read the library for it.
    import asyncio

    return await asyncio.to_thread(function, *args, **kwargs)
