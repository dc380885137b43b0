"""What may hold back jobs of a type, or answer one with another, in words: as the type declares it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from backend.domain.jobs.options.unique import ENDED, STARTED
from backend.domain.text.length_words import in_units

if TYPE_CHECKING:
    from backend.domain.jobs.job_type import JobType
    from backend.domain.jobs.options.keyed_limit import Limit
    from backend.domain.jobs.options.rate import Rate
    from backend.domain.jobs.options.unique import Unique


def declared_gates(kind: JobType) -> list[str]:
    """A phrase for each rule besides its ``limit``, which operators change; empty for a type without any.

    What operators said of rates and keys is not in it: that is told where gates are listed.
    """
    return list(_phrases(kind))


def _phrases(kind: JobType) -> Iterator[str]:
    if kind.keyed_limit is not None:
        yield _limit_words(kind.keyed_limit)
    if kind.rate is not None:
        yield _rate_words(kind.rate)
    if kind.keyed_rate is not None:
        yield f"{_rate_words(kind.keyed_rate)} for each {_named(kind.keyed_rate.by, 'key')}"
    if kind.breaker is not None:
        yield f"held back while its {_named(kind.breaker.by, 'destination')} cannot be reached"
    if kind.unique is not None:
        yield _unique_words(kind.unique)


def _limit_words(limit: Limit) -> str:
    words = f"{limit.most} at once for each {_named(limit.by, 'key')}"
    return words if limit.hold == "attempt" else f"{words}, from the first start to the end"


def _rate_words(rate: Rate) -> str:
    if rate.weight is None:
        return f"{int(rate.limit)} start in {rate.per:.12g} s"
    return f"{int(rate.limit)} {_named(rate.weight, 'by weight')} in {rate.per:.12g} s"


def _unique_words(unique: Unique) -> str:
    fields = unique.by if isinstance(unique.by, tuple) else (unique.by,)
    of_what = " and ".join(_named(each, "key") for each in fields) or "payload"
    if unique.until in {STARTED, ENDED}:
        return f"one for each {of_what} until it has {unique.until}"
    seconds = float(unique.until)
    return f"one for each {of_what} in {in_units(seconds) if seconds >= 1 else f'{seconds:.12g} s'}"


def _named(by: Any, otherwise: str) -> str:
    """The field of the payload; what a function tells has no name."""
    return by if isinstance(by, str) and by else otherwise
