"""Limits and rates of a job type as workers tell others of them: a function stays with who has the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options.rate import Rate, rate_in

if TYPE_CHECKING:
    from backend.domain.jobs.options.keyed_limit import Limit


def limit_said(limit: Limit) -> list[Any]:
    """A keyed limit; who has not the function that tells the key cannot enqueue such jobs."""
    by = None if callable(limit.by) else limit.by
    held = [] if limit.hold == "attempt" else [limit.hold]
    return [limit.most, by, limit.name, limit.optional, *held]


def limit_of(said: Sequence[Any] | None) -> Limit | None:
    """What `limit_said` told."""
    if not said:
        return None
    # Most deployments have none.
    from backend.domain.jobs.options.keyed_limit import Limit

    most, by, name, optional, *held = said
    return Limit(most, by or _untold, name, optional, *held)


def rates_said(rate: Rate | None, keyed: Rate | None) -> dict[str, Any]:
    """A type's rate and its rate by key. Only what there is: the last release tells of nothing else."""
    said: dict[str, Any] = {"rate": rate.text} if rate else {}
    if rate is not None and rate.weight is not None:
        said["rate_weight"] = _field(rate.weight)
    if keyed is not None:
        words = [keyed.text, _field(keyed.by), keyed.name, keyed.optional, _field(keyed.weight)]
        said["keyed_rate"] = words
    return said


def rate_of(said: Mapping[str, Any]) -> Rate | None:
    """The rate of a type."""
    rate = rate_in(said.get("rate", ""))
    if rate is None or "rate_weight" not in said:
        return rate
    return Rate(rate.limit, rate.per, rate.burst, weight=said["rate_weight"] or _unweighed)


def keyed_rate_of(said: Sequence[Any] | None) -> Rate | None:
    """The rate by key."""
    if not said:
        return None
    text, by, name, optional, weight, *_ = said
    numbers = rate_in(text)
    if numbers is None:
        return None
    told = {"by": by or _untold, "name": name, "optional": optional}
    weighed = _unweighed if weight == "" else weight
    return Rate(numbers.limit, numbers.per, numbers.burst, weight=weighed, **told)


def _field(by: Any) -> str | None:
    return "" if callable(by) else by


def _untold(_payload: Any) -> NoReturn:
    raise InvalidOption(
        "only processes that have the code of this job type know whose limit its jobs share: "
        "enqueue it there",
        field="job_type",
    )


def _unweighed(_payload: Any) -> NoReturn:
    raise InvalidOption(
        "only processes that have the code of this job type know how much its jobs take of its rate: "
        "enqueue it there",
        field="job_type",
    )
