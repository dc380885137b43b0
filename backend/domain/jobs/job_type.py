"""A job type is what to do: its name, lane, payload, limits. The catalogue holds all that are known."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, cast

from backend.domain.access.role import Role
from backend.domain.errors import ConfigurationError, Unavailable, UnknownJobType
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.attempts.retry_rules import Retry
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.unique import Unique
from backend.domain.jobs.queue_name import DEFAULT_LANE, Priority
from backend.domain.text.nearest_name import suggestion

if TYPE_CHECKING:
    from backend.domain.jobs.options.keyed_limit import Limit


class Isolation(StrEnum):
    """Where a job runs."""

    #: In a thread of the worker process: cheap, for what waits on the network.
    THREAD = "thread"
    #: In a child process of its own, with limits on memory, CPU time and file size.
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class JobType:
    """One kind of job, as its author declared it. Durations are seconds."""

    name: str
    handler: Callable[..., Any]
    lane: str = DEFAULT_LANE
    priority: Priority = Priority.NORMAL
    #: A pydantic model, or None when any JSON object will do.
    payload: type[Any] | None = None
    isolation: Isolation = Isolation.THREAD
    #: Soft limit: raised inside the job.
    timeout: float = 180.0
    #: Seconds after the soft limit until the process that will not obey is killed.
    grace: float = 10.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    #: Which failures are tried again; None: all.
    retry_rules: Retry | None = None
    #: How many may run at once in the whole cluster; None: as many as there are slots.
    limit: int | None = None
    #: How many of each key may run at once in the whole cluster; None: no matter whose they are.
    keyed_limit: Limit | None = None
    #: How many may start in a time in the whole cluster; None: as many as come.
    rate: Rate | None = None
    #: The same for each key.
    keyed_rate: Rate | None = None
    #: Holds its jobs back while their destination cannot be reached; None: nothing does.
    breaker: Breaker | None = None
    #: Of which of its jobs there is one at a time; None: of none.
    unique: Unique | None = None
    #: Seconds a finished job stays readable in Redis; None: the deployment's default.
    result_ttl: int | None = None
    #: The job types that follow when one of its jobs has finished, or is given up; empty for none.
    on_success: str = ""
    on_failure: str = ""
    version: int = 1
    description: str = ""
    #: Names of payload fields that pages and logs show masked.
    secret_fields: frozenset[str] = frozenset()
    #: Names of payload fields that say where the job sends what it is given.
    destination_fields: frozenset[str] = frozenset()
    #: The least role of who may have it run, and whether callers bound to a tenant may too.
    role: Role = Role.PRODUCER
    tenants: bool = True
    #: JSON Schema of the payload, where its model is not at hand.
    schema: Mapping[str, Any] | None = None
    #: Whether the handler takes the payload's fields as arguments, instead of the payload.
    takes_arguments: bool = False
    #: The worker class whose instance runs it; None for a plain function.
    worker: type[Any] | None = None

    @property
    def is_async(self) -> bool:
        """Whether the handler is an ``async def``: what it returns is to be awaited."""
        return inspect.iscoroutinefunction(self.handler)

    @property
    def payload_schema(self) -> dict[str, Any] | None:
        """JSON Schema of the payload; None: any object, or a model that has none."""
        if self.payload is None:
            return None if self.schema is None else dict(self.schema)
        try:
            return cast("dict[str, Any]", self.payload.model_json_schema())
        except Exception:  # noqa: BLE001 - pydantic's, for a type of the author's own
            return None

    @property
    def hard_timeout(self) -> float:
        """Seconds after which the job's process is killed."""
        return self.timeout + self.grace


class PublishedTypes(Protocol):
    """Job types that other processes tell of, as `Declarations` has them."""

    def find(self, name: str) -> JobType | None:
        """One of them; raises `Unavailable`."""

    def all(self) -> Mapping[str, JobType]:
        """All by name; raises `Unavailable`."""


class JobTypeCatalogue:
    """Every job type that can be enqueued here, by name: one's own, whose code is here, and published ones.

    An allow-list: nothing else can be enqueued, and only one's own can be run.
    """

    #: Where job types come from, for whoever misses one.
    origin = "job types come from the packages under job_packages"

    def __init__(
        self, job_types: Iterable[JobType] = (), default_retry: RetryPolicy | None = None
    ) -> None:
        #: For job types that say nothing of retries.
        self.default_retry = default_retry or RetryPolicy()
        #: Asked for what is not its own; None: nobody is.
        self.published: PublishedTypes | None = None
        self._by_name: dict[str, JobType] = {}
        for job_type in job_types:
            self.add(job_type)

    def add(self, job_type: JobType) -> None:
        """Adds one; raises `ConfigurationError` when another already has its name.

        Of a worker and one derived from it, whose job type it is too, the derived one has it.
        """
        known = self._by_name.get(job_type.name)
        if known is not None and known.worker is not job_type.worker:
            job_type = _of_the_derived(known, job_type)
        elif known is not None and known.handler is not job_type.handler:
            raise ConfigurationError(
                f"two job types are called {job_type.name!r}: {known.handler.__module__} and "
                f"{job_type.handler.__module__}; rename one of them"
            )
        self._by_name[job_type.name] = job_type

    def find(self, name: str) -> JobType | None:
        """Its own job type called ``name``; None when it has none."""
        return self._by_name.get(name)

    def look_up(self, name: str) -> JobType | None:
        """The job type called ``name``, its own or a published one; None when nobody knows it.

        Raises `Unavailable` when only those who published it could tell.
        """
        job_type = self._by_name.get(name)
        if job_type is None and self.published is not None:
            job_type = self.published.find(name)
        return job_type

    def get(self, name: str) -> JobType:
        """The same; raises `UnknownJobType` naming the nearest one when nobody knows it."""
        job_type = self._by_name.get(name) or self.look_up(name)
        if job_type is None:
            names = [known.name for known in self]
            raise UnknownJobType(
                f"there is no job type {name!r}{suggestion(name, names)}; {self.origin}",
                job_type=name,
            )
        return job_type

    def __contains__(self, name: str) -> bool:
        """Whether somebody knows it; raises `Unavailable`, for who cannot tell must not deny it."""
        return self.look_up(name) is not None

    def __iter__(self) -> Iterator[JobType]:
        known = {**self._elsewhere(), **self._by_name}
        return iter(sorted(known.values(), key=lambda job_type: job_type.name))

    def own(self) -> list[JobType]:
        """Those that this process has the code of, by name. Asks nobody."""
        return sorted(self._by_name.values(), key=lambda job_type: job_type.name)

    def lanes(self) -> list[str]:
        """Every lane that some job type lives in, the default lane first."""
        return _lanes_of(self)

    def served_lanes(self) -> list[str]:
        """The same for who acts on it that one is missing: raises `Unavailable` while nobody can tell."""
        others = self.published.all() if self.published is not None else {}
        return _lanes_of([*others.values(), *self._by_name.values()])

    def own_lanes(self) -> list[str]:
        """The same of its own. Asks nobody."""
        return _lanes_of(self.own())

    def _elsewhere(self) -> Mapping[str, JobType]:
        """The published ones; none while nobody can be asked, for lists and pages go on without."""
        if self.published is None:
            return {}
        try:
            return self.published.all()
        except Unavailable:
            return {}


def _of_the_derived(known: JobType, other: JobType) -> JobType:
    if known.worker is not None and other.worker is not None:
        if issubclass(other.worker, known.worker):
            return other
        if issubclass(known.worker, other.worker):
            return known
    places = [_place_of(each) for each in (known, other)]
    raise ConfigurationError(
        f"two job types are called {known.name!r}: {places[0]} and {places[1]}; rename one of them"
    )


def _place_of(job_type: JobType) -> str:
    worker = job_type.worker
    if worker is None:
        return job_type.handler.__module__
    return f"{worker.__module__}.{worker.__qualname__}"


def _lanes_of(job_types: Iterable[JobType]) -> list[str]:
    lanes = {job_type.lane for job_type in job_types} - {DEFAULT_LANE}
    return [DEFAULT_LANE, *sorted(lanes)]
