"""A job type as workers tell others of it: all but the handler, as JSON text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, NoReturn, Protocol

from backend.domain.access.role import Role
from backend.domain.errors import InvalidOption
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job_type import Isolation, JobType
from backend.domain.jobs.options.breaker import Breaker, breaker_in
from backend.domain.jobs.options.published_rules import (
    keyed_rate_of,
    limit_of,
    limit_said,
    rate_of,
    rates_said,
)
from backend.domain.jobs.options.unique import Unique
from backend.domain.jobs.queue_name import Priority

#: By whom a limit is that was declared with its job type, and not set by a person.
DECLARATION = "declaration"


class PublishCode(IntEnum):
    """What became of one declaration that was published."""

    SAME = 0
    NEW = 1
    #: Another one of this version held before: two releases differ and have one version.
    CHANGED = 2
    #: A higher version is there, and stays.
    OLDER = 3


class Declarations(Protocol):
    """Where workers publish the job types that they know, and others read them."""

    def publish(self, kinds: Sequence[JobType]) -> list[PublishCode]:
        """Tells of job types: the highest version of each stays, its limit holds unless a person set one.

        Raises `QueueUnavailable`.
        """

    def find(self, name: str) -> JobType | None:
        """One that some worker published; None when none did. Raises `QueueUnavailable`."""

    def all(self) -> Mapping[str, JobType]:
        """Every one by name, some moments old at most. Raises `QueueUnavailable`."""


def text_of(kind: JobType) -> str:
    """What others need to enqueue, show and protect its jobs."""
    retry = kind.retry
    # Only where there is one: workers of the last release tell of none, and would seem to differ.
    unique = {"unique": _unique_text(kind.unique)} if kind.unique else {}
    return json.dumps(
        {
            **rates_said(kind.rate, kind.keyed_rate),
            **({"keyed_limit": limit_said(kind.keyed_limit)} if kind.keyed_limit else {}),
            **({"breaker": _breaker_said(kind.breaker)} if kind.breaker else {}),
            **unique,
            "lane": kind.lane,
            "priority": kind.priority.value,
            "isolation": kind.isolation.value,
            "timeout": kind.timeout,
            "grace": kind.grace,
            "retry": [list(retry.delays), retry.max_retries, retry.jitter],
            "limit": kind.limit,
            "result_ttl": kind.result_ttl,
            "version": kind.version,
            "description": kind.description,
            "secret_fields": sorted(kind.secret_fields),
            "destination_fields": sorted(kind.destination_fields),
            "role": kind.role.value,
            "tenants": kind.tenants,
            "schema": kind.payload_schema,
            **({"on_success": kind.on_success} if kind.on_success else {}),
            **({"on_failure": kind.on_failure} if kind.on_failure else {}),
        },
        separators=(",", ":"),
        sort_keys=True,
    )


def job_type_of(name: str, text: str | bytes) -> JobType:
    """The job type that `text_of` told of; what a later release says beside it is left out."""
    said = json.loads(text)
    delays, most, jitter = said["retry"]
    return JobType(
        name,
        _run_elsewhere,
        lane=said["lane"],
        priority=Priority(said["priority"]),
        isolation=Isolation(said["isolation"]),
        timeout=said["timeout"],
        grace=said["grace"],
        retry=RetryPolicy(tuple(delays), most, jitter),
        limit=said["limit"],
        keyed_limit=limit_of(said.get("keyed_limit")),
        rate=rate_of(said),
        keyed_rate=keyed_rate_of(said.get("keyed_rate")),
        breaker=_breaker_in(said.get("breaker")),
        unique=_unique_of(said.get("unique")),
        result_ttl=said["result_ttl"],
        version=said["version"],
        description=said["description"],
        secret_fields=_names(said["secret_fields"]),
        destination_fields=_names(said["destination_fields"]),
        role=Role(said["role"]),
        tenants=said["tenants"],
        schema=said["schema"],
        on_success=said.get("on_success", ""),
        on_failure=said.get("on_failure", ""),
    )


def _breaker_said(breaker: Breaker) -> list[str | None]:
    """A function stays with those who have the code: jobs of others have no destination then."""
    by = "" if callable(breaker.by) else breaker.by
    return [breaker.text, by, breaker.name]


def _breaker_in(said: list[Any] | None) -> Breaker | None:
    return breaker_in(*said) if said else None


def _unique_text(unique: Unique) -> list[Any]:
    by = None if callable(unique.by) else list(unique.fields)
    return [unique.until, by, unique.on_conflict, unique.delay, unique.max_wait_seconds]


def _unique_of(said: Sequence[Any] | None) -> Unique | None:
    if said is None:
        return None
    until, by, *rest = said
    return Unique(until, _told_elsewhere if by is None else tuple(by), *rest)


def _told_elsewhere(_: Any) -> NoReturn:
    raise InvalidOption(
        "what makes jobs of this type the same is told by a function of its code, which is not here; "
        "give unique_by, or enqueue it where its code is",
        field="unique_by",
    )


def _names(said: Iterable[str]) -> frozenset[str]:
    return frozenset(said)


def _run_elsewhere(*_: Any) -> NoReturn:
    raise RuntimeError("a job type that other processes declare does not run in this one")
