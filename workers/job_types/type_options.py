"""What may be said of a job type where it is declared, and its checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, TypedDict

from backend.domain.access.role import Role
from backend.domain.errors import ConfigurationError, InvalidOption
from backend.domain.jobs.attempts.retry_rules import Retry
from backend.domain.jobs.job_type import Isolation
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.job_options import PriorityWord
from backend.domain.jobs.options.keyed_limit import Limit
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.unique import Unique
from backend.domain.jobs.queue_name import Priority
from backend.domain.text.nearest_name import suggestion
from workers.job_types.declaration import Declaration, declaration_of


class TypeOptions(TypedDict, total=False):
    """What may be said of a job type. Durations are seconds."""

    #: The family of workers that serve it; that of its `BaseWorker` when it is left out.
    lane: str | None
    #: ``normal`` when it is left out.
    priority: PriorityWord
    #: ``thread`` (when it is left out), or ``process`` for a child of its own.
    isolation: Literal["thread", "process"]
    #: The soft limit of an attempt: 180 when it is left out.
    timeout: float
    #: How many seconds after that its process is killed: 10 when it is left out.
    grace: float
    #: Attempts after the first; the deployment's when it is left out.
    max_retries: int | None
    #: How long to wait before each retry; the last one holds for all that follow.
    retry_delays: Sequence[float] | None
    #: All of it in one: how often, how long between, and after which failures; instead of the two above.
    retry: Retry | None
    #: How many may run at once in the whole deployment.
    limit: int | None
    #: How many of each key (of each customer, say) may run at once in the whole deployment.
    keyed_limit: Limit | None
    #: How many may start in a time in the whole deployment.
    rate: Rate | None
    #: How many of each key may, by a `Rate` that says ``by`` what.
    keyed_rate: Rate | None
    #: Holds its jobs back, at no attempt's cost, while their destination cannot be reached.
    breaker: Breaker | None
    #: Of jobs that are the same one at a time: until it has ``"started"``, until it has ``"ended"``, for so
    #: many seconds, or as a `Unique` says, which also says what makes them the same.
    unique: Unique | str | float | None
    #: How long a finished job stays in Redis; the deployment's when it is left out.
    result_ttl: int | None
    #: The job types, by name or function, that are enqueued when one of its jobs has finished, and when one
    #: is given up or expires. They are told which one, as a `JobEnded`.
    on_success: str | Callable[..., Any] | None
    on_failure: str | Callable[..., Any] | None
    #: Goes up when its payload or what it does changes.
    version: int
    #: Fields of the payload that are shown masked.
    secret_fields: Collection[str]
    #: Fields of the payload that who changes one must type anew: where secrets go.
    destination_fields: Collection[str]
    #: The least that a caller of the API must have to enqueue it: ``producer`` when it is left out.
    role: Literal["viewer", "producer", "operator", "admin"]
    #: False keeps it from callers who are bound to a tenant.
    tenants: bool


def declaration(name: str, said: Mapping[str, Any], *, takes_arguments: bool) -> Declaration:
    """What was said, checked; raises `ConfigurationError` naming job type and option."""
    owner = f"job type {name!r}"
    for word in said:
        if word not in TypeOptions.__annotations__:
            near = suggestion(word, TypeOptions.__annotations__)
            raise ConfigurationError(f"{owner}: there is no option {word!r}{near}")
    fields = {
        word: _NOTHING.get(word) if said[word] is None else read(owner, said[word])
        for word, read in _READ.items()
        if word in said
    }
    retry = _retry(owner, said)
    if retry is not None and retry.has_rules:
        fields["retry_rules"] = retry
    policy = None if retry is None else retry.policy(owner)
    return Declaration(name, said.get("lane"), policy, takes_arguments, fields)


def _isolation(owner: str, word: str) -> Isolation:
    try:
        return Isolation(word)
    except ValueError:
        words = " or ".join(kind.value for kind in Isolation)
        raise ConfigurationError(f"{owner}: isolation is {words}, not {word!r}") from None


def _job_type_name(owner: str, job_type: Any) -> str:
    declared = declaration_of(job_type)
    name = job_type if declared is None else declared.name
    if not isinstance(name, str):
        raise ConfigurationError(
            f"{owner}: what follows it is a job type, by name or function, not {name!r}"
        )
    return name


def _made_of(option: str, wanted: type) -> Callable[[str, Any], Any]:
    def read(owner: str, said: Any) -> Any:
        if not isinstance(said, wanted):
            words = f"{option} is a {wanted.__name__}, not {type(said).__name__}"
            raise ConfigurationError(f"{owner}: {words}")
        return said

    return read


def _rate(option: str, *, by_key: bool) -> Callable[[str, Any], Any]:
    made_of = _made_of(option, Rate)

    def read(owner: str, said: Any) -> Any:
        if (made_of(owner, said).by is not None) is not by_key:
            words = "says by what" if by_key else "says no by: it is one for all jobs of the type"
            raise ConfigurationError(f"{owner}: a {option} {words}")
        return said

    return read


def _unique(owner: str, said: Any) -> Unique:
    try:
        return said if isinstance(said, Unique) else Unique(said)
    except InvalidOption as error:
        raise ConfigurationError(f"{owner}: {error}") from None


def _number(bound: bounds.Bound) -> Callable[[str, Any], float]:
    return lambda owner, value: bound.declared(value, owner)


#: What None says where it is not None.
_NOTHING = {"on_success": "", "on_failure": ""}
_READ: dict[str, Callable[[str, Any], Any]] = {
    "priority": lambda _owner, word: Priority.parse(word),
    "isolation": _isolation,
    "timeout": _number(bounds.TIMEOUT),
    "grace": _number(bounds.GRACE),
    "limit": _number(bounds.LIMIT),
    "keyed_limit": _made_of("keyed_limit", Limit),
    "rate": _rate("rate", by_key=False),
    "keyed_rate": _rate("keyed_rate", by_key=True),
    "breaker": _made_of("breaker", Breaker),
    "unique": _unique,
    "result_ttl": _number(bounds.RESULT_TTL),
    "on_success": _job_type_name,
    "on_failure": _job_type_name,
    "version": _number(bounds.VERSION),
    "secret_fields": lambda _owner, names: frozenset(names),
    "destination_fields": lambda _owner, names: frozenset(names),
    "role": lambda _owner, word: Role.parse(word),
    "tenants": lambda _owner, allowed: bool(allowed),
}


def _retry(owner: str, said: Mapping[str, Any]) -> Retry | None:
    """What was said of retries, in one form; None for nothing."""
    most, delays, retry = (said.get(word) for word in ("max_retries", "retry_delays", "retry"))
    if retry is None:
        return None if most is None and delays is None else Retry(most, delays)
    if not isinstance(retry, Retry):
        raise ConfigurationError(f"{owner}: retry is a Retry, not {type(retry).__name__}")
    if most is not None or delays is not None:
        raise ConfigurationError(
            f"{owner}: give retry, or max_retries and retry_delays, not both; "
            f"Retry({most}, {delays}) says the same as the two"
        )
    return retry
