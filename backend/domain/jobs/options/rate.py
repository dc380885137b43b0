"""How many jobs of a type may start in a time, in the whole deployment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds


@dataclass(frozen=True, slots=True)
class Rate:
    """No more than ``limit`` starts in any window of ``per`` seconds, wherever it begins.

    ``burst`` of them may come at once: a tenth of the limit, at least 1, when it is left out. The rest are
    spread evenly, so that a burst of 1 reaches the limit, and the usual one about nine tenths of it.
    Raises `InvalidOption`, naming the number that is out of range.
    """

    limit: int
    per: float
    burst: int | None = None

    def __post_init__(self) -> None:
        bounds.RATE_LIMIT.checked(self.limit)
        bounds.RATE_PER.checked(self.per)
        if self.burst is not None and not 1 <= bounds.RATE_BURST.whole(self.burst) <= self.limit:
            raise InvalidOption(
                f"burst must be at most the limit, {self.limit}, not {self.burst}", field="burst"
            )

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
    #: None: at once.
    opens_at: datetime | None


def rate_in(text: str) -> Rate | None:
    """The rate that a text of Redis or the record tells; None for none, and for what is no rate."""
    parts = text.split("/")
    try:
        limit, per, burst = parts
        return Rate(int(limit), float(per), int(burst))
    except (ValueError, InvalidOption):
        return None
