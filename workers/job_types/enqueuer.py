"""What a declared function can do beside being called: enqueue itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from backend.domain.errors import ConfigurationError, InvalidOption
from backend.domain.jobs.job import EnqueueReply
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options.job_options import FollowUpRequest
from backend.locks.fork_locks import cached_property
from workers.job_types.arguments import payload_of_call
from workers.job_types.declaration import Declaration
from workers.job_types.job_handle import Job, JobKeeper
from workers.job_types.returned import decoder_of

Payload = BaseModel | Mapping[str, Any] | None
#: What belongs to one job alone.
_OF_ONE = frozenset({"job_id", "idempotency_key"})


class TakesJobs(JobKeeper, Protocol):
    """Where jobs are enqueued, as `QueueService` does it."""

    @property
    def catalogue(self) -> JobTypeCatalogue:
        """The job types that can be."""

    def accept(
        self,
        job_type: str,
        payload: Payload,
        priority: str | None,
        options: Mapping[str, Any],
        session: Any = None,
    ) -> EnqueueReply:
        """Enqueues one job, and tells whether it was there."""

    def accept_many(self, requests: Sequence[Any], *, session: Any = None) -> list[EnqueueReply]:
        """Enqueues jobs, each a mapping of what `enqueue_job` takes, and tells which were there."""


class Enqueuer:
    """Enqueues jobs of one declared function, with the options that it was given."""

    def __init__(
        self,
        handler: Callable[..., Any],
        declaration: Declaration,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._handler = handler
        self._declaration = declaration
        self._options = dict(options or {})
        self.name = declaration.name

    def enqueue(self, payload: Payload = None, /, **options: Any) -> Job[Any]:
        """Enqueues one job; once it returns, the job will not be lost."""
        queue = _queue_of_this_process()
        kind = self._kind_in(queue.catalogue)
        said = {**self._options, **options} if self._options else options
        priority = session = None
        if said:
            priority, session = said.pop("priority", None), said.pop("session", None)
        reply = queue.accept(kind.name, payload, priority, said, session)
        return Job(reply.id, reply.created, queue, self._decode)

    async def aenqueue(self, payload: Payload = None, /, **options: Any) -> Job[Any]:
        """The same without blocking the event loop: the call is made in a thread of Tally's own.

        Cancelled, it may have accepted the job all the same: give it a ``job_id`` if you would repeat it.
        """
        # Whoever has no loop need not read the library for it.
        from workers.job_types.call_threads import in_a_thread

        return await in_a_thread(self.enqueue, payload, **options)

    def enqueue_many(self, payloads: Iterable[Payload], /, **options: Any) -> list[Job[Any]]:
        """Enqueues one job for each payload, in one round trip; all are checked before the first."""
        given = list(payloads)
        both = _OF_ONE & {*options, *self._options}
        if len(given) > 1 and both:
            name = min(both)
            raise InvalidOption(f"{name} belongs to one job; there are several here", field=name)
        queue = _queue_of_this_process()
        said = {**self._options, **options, "job_type": self._kind_in(queue.catalogue).name}
        session = said.pop("session", None)
        requests = [{**said, "payload": payload} for payload in given]
        replies = queue.accept_many(requests, session=session)
        return [Job(reply.id, reply.created, queue, self._decode) for reply in replies]

    def delay(self, *args: Any, **kwargs: Any) -> Job[Any]:
        """Enqueues one job: a call of a task with its arguments, or a payload by its fields."""
        fields = kwargs
        if self._declaration.takes_arguments:
            fields = payload_of_call(self._handler, args, kwargs)
        elif args:
            raise TypeError(f"{self.name}.delay() takes the fields of its payload by name")
        kind = self._kind_in(_queue_of_this_process().catalogue)
        return self.enqueue(_model(kind, fields))

    async def adelay(self, *args: Any, **kwargs: Any) -> Job[Any]:
        """The same without blocking the event loop: the call is made in a thread of Tally's own."""
        from workers.job_types.call_threads import in_a_thread

        return await in_a_thread(self.delay, *args, **kwargs)

    def with_payload(self, payload: Payload = None, /) -> FollowUpRequest:
        """A job of this type that is to follow another one: ``on_success=mail.with_payload(…)``."""
        if self._options:
            name = min(self._options)
            raise InvalidOption(f"what follows a job has no options of its own: {name}", field=name)
        kind = self._kind_in(_queue_of_this_process().catalogue)
        return {"job_type": kind.name, "payload": {} if payload is None else payload}

    def with_arguments(self, *args: Any, **kwargs: Any) -> FollowUpRequest:
        """The same of a task: the call that is to follow."""
        kind = self._kind_in(_queue_of_this_process().catalogue)
        return self.with_payload(_model(kind, payload_of_call(self._handler, args, kwargs)))

    def using(self, **options: Any) -> Enqueuer:
        """The same with options that hold for all that is enqueued with it."""
        return Enqueuer(self._handler, self._declaration, {**self._options, **options})

    def _decode(self, result: Any) -> Any:
        return self._decoder(result)

    @cached_property
    def _decoder(self) -> Callable[[Any], Any]:
        return decoder_of(self.name, self._handler)

    def _kind_in(self, catalogue: JobTypeCatalogue) -> JobType:
        """Its job type; a process that lists no job packages learns it from the function itself."""
        known = catalogue.find(self.name)
        if known is not None:
            handler = known.handler
            if handler is self._handler or _is_same(handler, self._handler):
                return known
        worker = _worker_of(self.name, self._handler)
        kind = self._declaration.job_type(self._handler, worker, catalogue.default_retry)
        catalogue.add(kind)
        return kind


def _queue_of_this_process() -> TakesJobs:
    queue: TakesJobs = _wiring().queue()
    return queue


@cache
def _wiring() -> Any:
    # The one place of what authors use that asks to be wired: a function knows nobody who could.
    from backend.bootstrap import current

    return current


def _model(kind: JobType, fields: Payload) -> Payload:
    """The payload's model, so that what JSON cannot say as it is (a UUID) is written as the model does."""
    if kind.payload is None:
        return fields
    try:
        return cast("BaseModel", kind.payload.model_validate(fields))
    except ValidationError:
        # Whoever checks requests says it in our words.
        return fields


def _is_same(known: Callable[..., Any], handler: Callable[..., Any]) -> bool:
    """Whether it is the same function after all: its file was read once more, as ``__main__``."""
    one, other = getattr(known, "__code__", None), getattr(handler, "__code__", None)
    return (
        one is not None
        and other is not None
        and "__main__" in {known.__module__, handler.__module__}
        and (one.co_filename, known.__qualname__) == (other.co_filename, handler.__qualname__)
    )


def _worker_of(name: str, handler: Callable[..., Any]) -> type[Any] | None:
    """The class whose method it is; raises `ConfigurationError` for one that no worker would find."""
    path = handler.__qualname__.split(".")[:-1]
    if not path or path[-1] == "<locals>":
        return None
    found: Any = sys.modules.get(handler.__module__)
    for part in path:
        found = getattr(found, part, None)
    if not hasattr(found, "lane"):
        raise ConfigurationError(
            f"job type {name!r}: {handler.__qualname__} is a method, but not of a BaseWorker at the top of "
            f"{handler.__module__}, where workers look"
        )
    return cast("type[Any]", found)
