"""How many jobs of a type may start in a time, in the whole deployment."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.keyed_name import KeyBy, check_by, check_name


@dataclass(frozen=True, slots=True)
class Rate:
    """No more than ``limit`` starts in any window of ``per`` seconds, wherever it begins.

    ``burst`` of them may come at once: a tenth of the limit, at least 1, when it is left out. The rest are
    spread evenly, so that a burst of 1 reaches the limit, and the usual one about nine tenths of it.

    ``weight``: a start takes not one of them, but as many as this field of the payload says, a whole
    number, or a function of the payload (its model, if the type has one). A job that takes more than the
    burst is refused. ``by``: the field that tells the key, or a function: each key has the rate for itself.
    ``name``: types that give the same name share the rate of a key; else each has its own. A job without
    a key is refused, or, if ``optional``, held by no rate of a key. Raises `InvalidOption`, naming what is
    wrong.
    """

    limit: int
    per: float
    burst: int | None = None
    by: KeyBy | None = field(default=None, kw_only=True)
    name: str = field(default="", kw_only=True)
    optional: bool = field(default=False, kw_only=True)
    weight: str | Callable[[Any], int] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        bounds.RATE_LIMIT.checked(self.limit)
        bounds.RATE_PER.checked(self.per)
        if self.burst is not None and not 1 <= bounds.RATE_BURST.whole(self.burst) <= self.limit:
            raise InvalidOption(
                f"burst must be at most the limit, {self.limit}, not {self.burst}", field="burst"
            )
        self._check_key()
        is_field = isinstance(self.weight, str) and self.weight
        if not (self.weight is None or callable(self.weight) or is_field):
            raise InvalidOption(
                "weight is the field of the payload that tells it, or a function", field="weight"
            )

    def _check_key(self) -> None:
        if self.by is not None:
            check_by(self.by)
            check_name(self.name)
        elif self.name or self.optional:
            raise InvalidOption(
                "name and optional are of a rate by key: say by what, or leave them out", field="by"
            )

    @property
    def numbers(self) -> Rate:
        """The same without what a payload tells: as Redis and the record keep it."""
        return Rate(self.limit, self.per, self.at_once)

    @property
    def at_once(self) -> int:
        """How many may start at once."""
        return self.burst or max(1, int(self.limit) // 10)

    @property
    def every_us(self) -> int:
        """Microseconds between two starts, after a burst."""
        return math.ceil(self.per * 1_000_000 / (self.limit - self.at_once + 1))

    @property
    def text(self) -> str:
        """As Redis and the record keep it: limit, seconds and burst."""
        return f"{int(self.limit)}/{self.per:.12g}/{self.at_once}"

    @property
    def words(self) -> str:
        """For people: ``100 in 1 s``."""
        return f"{int(self.limit)} in {self.per:.12g} s"


def check_plain(rate: Rate, field: str) -> None:
    """Raises `InvalidOption`, naming ``field``, where it says what a job type alone can tell."""
    if rate.by is not None or rate.weight is not None:
        raise InvalidOption(
            "by and weight are told by the payload, so a job type declares them; say limit, per and "
            "burst here",
            field=field,
        )


class RateWord(StrEnum):
    """What may be said instead of a rate."""

    #: No rate: as many as come.
    NONE = "none"
    #: As the job type declares it, now and with later releases.
    DECLARED = "default"


class RateState(NamedTuple):
    """How a rate stands: what holds, how many wait behind it, and when the next may start."""

    rate: Rate
    waiting: int
    #: When one start that takes one may begin; None: at once.
    opens_at: datetime | None
    #: Up to when starts are spoken for; in the past: all of the burst is there.
    spoken_for: datetime

    def starts_at(self, units: int, now: datetime) -> datetime:
        """When a job may start that takes the last of so many units from now on."""
        beyond_burst = (units - self.rate.at_once) * self.rate.every_us
        return max(now, max(self.spoken_for, now) + timedelta(microseconds=beyond_burst))


def rate_in(text: str) -> Rate | None:
    """The rate that a text of Redis or the record tells; None for none, and for what is no rate."""
    parts = text.split("/")
    try:
        limit, per, burst = parts
        return Rate(int(limit), float(per), int(burst))
    except (ValueError, InvalidOption):
        return None
