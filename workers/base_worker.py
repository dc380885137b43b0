"""What every worker shares: how a job type is declared, and what a handler is given beside its payload.

A user of the platform needs only this module.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, Protocol, TypeVar, get_type_hints

from pydantic import BaseModel

from backend.domain.access.role import Role
from backend.domain.errors import ConfigurationError, PermanentFailure, RetryLater, Snooze
from backend.domain.jobs.attempts.retry_policy import DEFAULT_DELAYS, RetryPolicy
from backend.domain.jobs.job_type import Isolation, JobType
from backend.domain.jobs.options import bounds
from backend.domain.jobs.queue_name import DEFAULT_LANE, Priority
from workers.job_log import JobLog

__all__ = [
    "BaseWorker",
    "JobContext",
    "PermanentFailure",
    "RetryLater",
    "Snooze",
    "StopRequested",
    "TimeLimitReached",
    "job_type",
]

_MARK = "__tally_job_type__"
_LONGEST_NOTE = 200
#: What every reader of JSON takes as it is.
_LARGEST_COUNT = 2**53
Handler = TypeVar("Handler", bound=Callable[..., Any])


class TimeLimitReached(BaseException):
    """Raised inside a handler at its soft time limit; not an `Exception`, so that few swallow it."""


class StopRequested(BaseException):
    """Raised inside a handler that must end now: stopped by force, or its lease was lost."""


class ProgressSink(Protocol):
    """Takes what a handler says about how far it is."""

    def __call__(self, done: float, total: float | None, note: str) -> None: ...


class Checkpoints(Protocol):
    """Where an attempt leaves something for later attempts of its job."""

    def load(self) -> Any: ...

    def save(self, value: Any) -> None: ...


@dataclass(slots=True)
class JobContext:
    """What a handler may know and say about the attempt it runs in."""

    job_id: str
    job_type: str
    attempt: int
    queue: str = ""
    trace_id: str = ""
    tags: tuple[str, ...] = ()
    tenant: str = ""
    context_id: str = ""
    #: Where its maker said that it belongs: ``staging``, say.
    environment: str = ""
    #: The version of the job type when the job was accepted; a deploy may have come since.
    version: int = 1
    #: A rehearsal: touch nothing outside.
    is_test: bool = False
    #: Its maker is bound to the tenant: the job may see and touch nothing of others.
    is_confined: bool = False
    #: Grows with every attempt; guards effects against an attempt that was given up.
    fence: str = ""
    #: When the soft limit will end this attempt; monotonic seconds, None for none.
    deadline: float | None = None
    worker: str = ""
    report_progress: ProgressSink | None = None
    checkpoints: Checkpoints | None = None
    #: Tells the last progress, where it was said too soon after the one before.
    catch_up: Callable[[], None] | None = None
    #: Whether somebody asked for this job to stop; long handlers look now and then.
    canceled: bool = False
    #: The log, once the handler has asked for it.
    written: JobLog | None = None

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this job: hand it to services that can deduplicate."""
        return self.job_id

    def progress(self, done: float, total: float | None = None, note: str = "") -> None:
        """Says how far the job is. Cheap to call often: at most two a second are written, and the last.

        Numbers that are none (NaN, infinity, text) are not written but logged: they fail no job.
        """
        if not _is_count(done) or (total is not None and not _is_count(total)):
            self.log.warning(
                "progress is not a number", done=bounds.shown(done), total=bounds.shown(total)
            )
        elif self.report_progress is not None:
            self.report_progress(done, total, str(note)[:_LONGEST_NOTE])

    def checkpoint(self) -> Any:
        """What `save_checkpoint` kept last, in this attempt or an earlier one; None for nothing.

        Raises `QueueUnavailable` while Redis cannot say.
        """
        return None if self.checkpoints is None else self.checkpoints.load()

    def save_checkpoint(self, value: Any) -> None:
        """Keeps a JSON value of at most 16 KiB for later attempts of this job, at once.

        For what must not be done again when the job is retried, redriven or rescued. A job that a
        rebuild from history made again has none. Raises `QueueUnavailable` when Redis cannot keep it,
        and `StopRequested` when the lease is lost: another attempt may run by now.
        """
        if self.checkpoints is not None:
            self.checkpoints.save(value)

    @property
    def log(self) -> JobLog:
        """A logger whose lines carry the job's id, type, attempt and trace id, and stay on record."""
        if self.written is None:
            self.written = JobLog(
                job_id=self.job_id,
                job_type=self.job_type,
                attempt=self.attempt,
                trace_id=self.trace_id or None,
            )
        return self.written

    @staticmethod
    def now() -> datetime:
        """The current instant, aware, UTC."""
        return datetime.now(UTC)


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and -_LARGEST_COUNT <= value <= _LARGEST_COUNT


class BaseWorker:
    """A family of job types that share a client: connections live from `open` to `close`.

    One instance serves all slots of its process, so what it keeps must bear several threads.
    """

    #: The lane of its job types, unless one names another.
    lane: ClassVar[str] = DEFAULT_LANE

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    def open(self) -> None:
        """Called once in the process, before the first job; may take ``worker.open_timeout`` seconds."""

    def close(self) -> None:
        """Called once, after the last job, when the process ends in order; has 5 seconds."""


def job_type(
    name: str,
    *,
    lane: str | None = None,
    priority: str = Priority.NORMAL,
    isolation: str = Isolation.THREAD,
    timeout: float = 180.0,
    grace: float = 10.0,
    max_retries: int | None = None,
    retry_delays: tuple[float, ...] | list[float] | None = None,
    limit: int | None = None,
    result_ttl: int | None = None,
    version: int = 1,
    secret_fields: tuple[str, ...] = (),
    destination_fields: tuple[str, ...] = (),
    role: str = Role.PRODUCER,
    tenants: bool = True,
) -> Callable[[Handler], Handler]:
    """Declares the decorated function, or method of a `BaseWorker`, to be a job type.

    The payload's model is the annotation of its first parameter; without one, any JSON object will
    do. It may take a second parameter, the `JobContext`. What it returns must be JSON, or what has one
    form in JSON (models, dataclasses, dates, decimals, UUIDs), of at most ``max_result_bytes``.
    ``timeout`` is the soft limit in seconds, ``grace`` how many more until the process is killed,
    ``limit`` how many may run at once in the whole cluster. ``secret_fields`` of the payload are shown
    masked; who changes one of ``destination_fields`` must type them anew. ``role`` is the least that a
    caller of the API must have to enqueue it; ``tenants=False`` keeps it from callers who are bound to
    a tenant.
    Raises `ConfigurationError` for a number out of its range, and for what is no plain function.
    """
    owner = f"job type {name!r}"
    numbers = {"timeout": timeout, "grace": grace, "limit": limit, "result_ttl": result_ttl}
    declared = {
        "name": name,
        "lane": lane,
        "priority": Priority.parse(priority),
        "isolation": _isolation(owner, isolation),
        "retry": _retry_policy(owner, max_retries, retry_delays),
        "version": int(bounds.VERSION.declared(version, owner)),
        "secret_fields": frozenset(secret_fields),
        "destination_fields": frozenset(destination_fields),
        "role": Role.parse(role),
        "tenants": tenants,
        **_numbers(owner, numbers),
    }

    def mark(handler: Handler) -> Handler:
        refuse_unrunnable(owner, handler)
        setattr(handler, _MARK, declared)
        return handler

    return mark


def _isolation(owner: str, word: str) -> Isolation:
    try:
        return Isolation(word)
    except ValueError:
        words = " or ".join(kind.value for kind in Isolation)
        raise ConfigurationError(f"{owner}: isolation is {words}, not {word!r}") from None


def _numbers(owner: str, given: dict[str, float | None]) -> dict[str, float | None]:
    found = {bound.name: bound for bound in bounds.DECLARED}
    return {
        name: None if value is None else found[name].declared(value, owner)
        for name, value in given.items()
    }


def _retry_policy(
    owner: str, max_retries: int | None, retry_delays: tuple[float, ...] | list[float] | None
) -> RetryPolicy | None:
    if max_retries is None and retry_delays is None:
        return None
    delays = retry_delays or DEFAULT_DELAYS
    if len(delays) > bounds.MOST_RETRY_DELAYS:
        raise ConfigurationError(
            f"{owner}: retry_delays has at most {bounds.MOST_RETRY_DELAYS} numbers"
        )
    most = None if max_retries is None else int(bounds.MAX_RETRIES.declared(max_retries, owner))
    return RetryPolicy(tuple(bounds.RETRY_DELAY.declared(each, owner) for each in delays), most)


def refuse_unrunnable(owner: str, handler: Any) -> None:
    """Raises `ConfigurationError` for a function whose call would not run it: its body never would."""
    if inspect.iscoroutinefunction(handler) or inspect.isasyncgenfunction(handler):
        raise ConfigurationError(
            f"{owner}: {handler.__qualname__} is an async function, which workers do not run; "
            "declare a plain one that calls it: asyncio.run(...)"
        )
    if inspect.isgeneratorfunction(handler):
        raise ConfigurationError(
            f"{owner}: {handler.__qualname__} has a yield, so calling it runs nothing; "
            "return a list instead"
        )


def declared_in(module: ModuleType, default_retry: RetryPolicy) -> list[JobType]:
    """The job types that a module itself declares, as functions and as methods of its workers."""
    found = []
    for thing in list(vars(module).values()):
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing) and issubclass(thing, BaseWorker):
            methods = [method for _, method in inspect.getmembers(thing, inspect.isfunction)]
            found += [
                _built(method, thing, default_retry) for method in methods if hasattr(method, _MARK)
            ]
        elif hasattr(thing, _MARK):
            found.append(_built(thing, None, default_retry))
    return found


def _built(handler: Any, worker: type[BaseWorker] | None, default_retry: RetryPolicy) -> JobType:
    declared = dict(getattr(handler, _MARK))
    declared["lane"] = declared["lane"] or (worker.lane if worker else DEFAULT_LANE)
    declared["retry"] = declared["retry"] or default_retry
    return JobType(
        handler=handler,
        worker=worker,
        payload=_payload_model(handler, is_method=worker is not None),
        description=inspect.getdoc(handler) or "",
        **declared,
    )


def _payload_model(handler: Any, *, is_method: bool) -> type[BaseModel] | None:
    names = list(inspect.signature(handler).parameters)[1 if is_method else 0 :]
    annotation = _annotation(handler, names[0]) if names else None
    is_model = inspect.isclass(annotation) and issubclass(annotation, BaseModel)
    return annotation if is_model else None


def _annotation(handler: Any, name: str) -> Any:
    """That of one parameter. The others may name what is only there for type checkers."""
    annotation = inspect.signature(handler).parameters[name].annotation
    if annotation is inspect.Parameter.empty:
        return None
    module = getattr(inspect.unwrap(handler), "__globals__", {})
    try:
        return get_type_hints(SimpleNamespace(__annotations__={name: annotation}), module).get(name)
    except NameError as error:
        raise ConfigurationError(
            f"job type {getattr(handler, _MARK)['name']!r} in {handler.__module__}: the type of its "
            f"payload cannot be found when it runs: {error}; import it outside of `if TYPE_CHECKING`"
        ) from error
