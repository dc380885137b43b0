"""The calls that applications with an event loop make most, without blocking it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, Unpack

from backend.domain.errors import InvalidOption, WaitTimeout
from backend.services.calling.job_ids import checked_id

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

    def _after(self, job_id: str, seconds: float) -> JobView: ...


class AsyncCalls:
    """Each does and raises what the call without the ``a`` does, in a thread that the loop does not need.

    Who is cancelled, as by `asyncio.wait_for`, goes on at once. A call that had begun is made all the same:
    a job that was to be enqueued may have been accepted, so give it a ``job_id`` where you would send it
    again.
    """

    async def aenqueue_job(
        self: _Blocking,
        job_type: str,
        payload: Mapping[str, Any] | BaseModel | None = None,
        priority: str | None = None,
        *,
        session: Any = None,
        **options: Unpack[JobOptions],
    ) -> str:
        """Like `enqueue_job`. A ``session`` must not be used elsewhere meanwhile.

        Nor after a cancellation: the call that goes on may be in the middle of it.
        """
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
        """Like `wait`. Thousands may wait at once; beyond 64 they share threads, by turns of a second."""
        check_time(timeout)
        checked_id(job_id)
        # Whoever has no loop need not read the library for it.
        from workers.job_types.call_threads import in_turns

        return in_time(await in_turns(partial(self._after, job_id), _has_ended, timeout), timeout)


async def _in_a_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    from workers.job_types.call_threads import in_a_thread

    return await in_a_thread(function, *args, **kwargs)


def _has_ended(job: JobView) -> bool:
    return job.state.is_final


def check_time(timeout: float) -> None:
    """Raises `InvalidOption` for what is not a number: no wait would be over by it."""
    try:
        is_number = not math.isnan(timeout)
    except TypeError:
        is_number = False
    if not is_number:
        raise InvalidOption(
            f"timeout must be a number of seconds, not {timeout!r}; math.inf waits as long as it takes",
            field="timeout",
        )


def in_time(job: JobView, timeout: float) -> JobView:
    """The job that was waited for; raises `WaitTimeout` when it has not ended in ``timeout`` seconds."""
    if job.state.is_final:
        return job
    raise WaitTimeout(f"job {job.id} is still {job.state} after {timeout:g} s", job_id=job.id)
