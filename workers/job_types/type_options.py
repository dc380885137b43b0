"""What may be said of a job type where it is declared, and its checks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, TypedDict

from backend.domain.access.role import Role
from backend.domain.errors import ConfigurationError
from backend.domain.jobs.attempts.retry_policy import DEFAULT_DELAYS, RetryPolicy
from backend.domain.jobs.job_type import Isolation
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.job_options import PriorityWord
from backend.domain.jobs.queue_name import Priority
from backend.domain.text.nearest_name import suggestion
from workers.job_types.declaration import Declaration


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
    #: How many may run at once in the whole deployment.
    limit: int | None
    #: How long a finished job stays in Redis; the deployment's when it is left out.
    result_ttl: int | None
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
        word: None if said[word] is None else read(owner, said[word])
        for word, read in _READ.items()
        if word in said
    }
    retry = _retry_policy(owner, said.get("max_retries"), said.get("retry_delays"))
    return Declaration(name, said.get("lane"), retry, takes_arguments, fields)


def _isolation(owner: str, word: str) -> Isolation:
    try:
        return Isolation(word)
    except ValueError:
        words = " or ".join(kind.value for kind in Isolation)
        raise ConfigurationError(f"{owner}: isolation is {words}, not {word!r}") from None


def _number(bound: bounds.Bound) -> Callable[[str, Any], float]:
    return lambda owner, value: bound.declared(value, owner)


_READ: dict[str, Callable[[str, Any], Any]] = {
    "priority": lambda _owner, word: Priority.parse(word),
    "isolation": _isolation,
    "timeout": _number(bounds.TIMEOUT),
    "grace": _number(bounds.GRACE),
    "limit": _number(bounds.LIMIT),
    "result_ttl": _number(bounds.RESULT_TTL),
    "version": _number(bounds.VERSION),
    "secret_fields": lambda _owner, names: frozenset(names),
    "destination_fields": lambda _owner, names: frozenset(names),
    "role": lambda _owner, word: Role.parse(word),
    "tenants": lambda _owner, allowed: bool(allowed),
}


def _retry_policy(
    owner: str, max_retries: int | None, retry_delays: Sequence[float] | None
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
