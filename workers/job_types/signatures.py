"""What a decorated function is to type checkers: the function that it was, and a way to enqueue it.

At run time it is the author's own function with attributes; no object stands around it. Checkers know no
attributes of functions, so these protocols say what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar, Unpack, overload

from pydantic import BaseModel

from backend.domain.jobs.options.job_options import EnqueueOptions, FollowUpRequest
from workers.job_types.job_handle import Job

if TYPE_CHECKING:
    from workers.base_worker import JobContext

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
#: What a call gives back: the result, or a coroutine of it.
C_co = TypeVar("C_co", covariant=True)
M = TypeVar("M", bound="BaseModel | Mapping[str, Any]")
M_contra = TypeVar("M_contra", contravariant=True)
W = TypeVar("W")


class EnqueuesModel(Protocol[M_contra, R_co]):
    """Enqueues jobs whose payload is a model or a mapping. Raises as `QueueService.enqueue_job` does."""

    name: str

    def enqueue(self, payload: M_contra, /, **options: Unpack[EnqueueOptions]) -> Job[R_co]:
        """Enqueues one job; once it returns, the job will not be lost."""

    async def aenqueue(self, payload: M_contra, /, **options: Unpack[EnqueueOptions]) -> Job[R_co]:
        """The same without blocking the event loop: the call is made in a thread of its executor."""

    def enqueue_many(
        self, payloads: Iterable[M_contra], /, **options: Unpack[EnqueueOptions]
    ) -> Sequence[Job[R_co]]:
        """Enqueues one job for each payload, in one round trip; all are checked before the first."""

    def delay(self, **fields: Any) -> Job[R_co]:
        """Enqueues one job, the fields of its payload by name; they are checked when it is called."""

    def with_payload(self, payload: M_contra, /) -> FollowUpRequest:
        """A job of this type that is to follow another one: ``on_success=mail.with_payload(…)``."""

    def using(self, **options: Unpack[EnqueueOptions]) -> EnqueuesModel[M_contra, R_co]:
        """The same with options that hold for all that is enqueued with it."""


class ModelJob(EnqueuesModel[M_contra, R_co], Protocol[P, M_contra, C_co, R_co]):
    """A function that takes a payload. Calling it runs it here and now."""

    __name__: str
    __qualname__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> C_co:
        """Runs the handler, as before it was declared."""


class MethodJob(EnqueuesModel[M_contra, R_co], Protocol[M_contra, C_co, R_co]):
    """A method of a worker. ``Mailer.send.enqueue(…)`` enqueues; called on an instance, it runs."""

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type, /) -> Callable[..., C_co]: ...


class BareJob(Protocol[C_co, R_co]):
    """A function without a payload."""

    name: str
    __name__: str
    __qualname__: str

    def __call__(self) -> C_co:
        """Runs the handler, as before it was declared."""

    def enqueue(self, payload: None = None, /, **options: Unpack[EnqueueOptions]) -> Job[R_co]:
        """Enqueues one job; once it returns, the job will not be lost."""

    async def aenqueue(
        self, payload: None = None, /, **options: Unpack[EnqueueOptions]
    ) -> Job[R_co]:
        """The same without blocking the event loop: the call is made in a thread of its executor."""

    def delay(self) -> Job[R_co]:
        """Enqueues one job."""


class EnqueuesCalls(Protocol[P, R_co]):
    """Enqueues calls of a function, with the function's own arguments."""

    name: str

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> Job[R_co]:
        """Enqueues the call; raises `InvalidPayload` for arguments that it cannot be called with."""

    async def adelay(self, *args: P.args, **kwargs: P.kwargs) -> Job[R_co]:
        """The same without blocking the event loop: the call is made in a thread of its executor."""

    def with_arguments(self, *args: P.args, **kwargs: P.kwargs) -> FollowUpRequest:
        """The call that is to follow a job: ``on_success=charge.with_arguments(17)``."""

    def using(self, **options: Unpack[EnqueueOptions]) -> EnqueuesCalls[P, R_co]:
        """The same with options that hold for all that is enqueued with it."""


class TaskJob(EnqueuesCalls[P, R_co], Protocol[P, C_co, R_co]):
    """A function that takes arguments. Calling it runs it here and now."""

    __name__: str
    __qualname__: str

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> C_co:
        """Runs the function, as before it was declared."""


#: What an async handler is to who calls it.
Awaited = Coroutine[Any, Any, R]


class ModelDecorator(Protocol):
    """What ``@job_type(…)`` makes of a function, by the parameters that it has.

    Of an ``async def`` a call gives a coroutine, and a job what that gives.
    """

    @overload
    def __call__(
        self, handler: Callable[[M, JobContext], Awaited[R]], /
    ) -> ModelJob[[M, JobContext], M, Awaited[R], R]: ...
    @overload
    def __call__(
        self, handler: Callable[[M], Awaited[R]], /
    ) -> ModelJob[[M], M, Awaited[R], R]: ...
    @overload
    def __call__(self, handler: Callable[[], Awaited[R]], /) -> BareJob[Awaited[R], R]: ...
    @overload
    def __call__(
        self, handler: Callable[[W, M, JobContext], Awaited[R]], /
    ) -> MethodJob[M, Awaited[R], R]: ...
    @overload
    def __call__(self, handler: Callable[[W, M], Awaited[R]], /) -> MethodJob[M, Awaited[R], R]: ...
    @overload
    def __call__(
        self, handler: Callable[[M, JobContext], R], /
    ) -> ModelJob[[M, JobContext], M, R, R]: ...
    @overload
    def __call__(self, handler: Callable[[M], R], /) -> ModelJob[[M], M, R, R]: ...
    @overload
    def __call__(self, handler: Callable[[], R], /) -> BareJob[R, R]: ...
    @overload
    def __call__(self, handler: Callable[[W, M, JobContext], R], /) -> MethodJob[M, R, R]: ...
    @overload
    def __call__(self, handler: Callable[[W, M], R], /) -> MethodJob[M, R, R]: ...


class TaskDecorator(Protocol):
    """What ``@task(…)`` makes of a function."""

    @overload
    def __call__(self, handler: Callable[P, Awaited[R]], /) -> TaskJob[P, Awaited[R], R]:
        """The same function, which now can be enqueued."""

    @overload
    def __call__(self, handler: Callable[P, R], /) -> TaskJob[P, R, R]:
        """The same function, which now can be enqueued."""
