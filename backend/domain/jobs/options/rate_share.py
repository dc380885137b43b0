"""What one start of a job takes of the rates that hold it. It travels with the job."""

from __future__ import annotations

from typing import NamedTuple

from backend.domain.jobs.options.rate import Rate, rate_in

#: Before the key: both weights, and the three numbers of the rate.
_BEFORE_KEY = 5


class RateShare(NamedTuple):
    """``key`` is empty for a job that no rate of a key holds."""

    #: Of the rate of its type, and of that of its key.
    weight: int = 1
    own_weight: int = 1
    key: str = ""
    #: As the job says; an operator may say another one of the key.
    rate: Rate | None = None

    @property
    def text(self) -> str:
        """As Redis and the record keep it."""
        if self.rate is None:
            return str(self.weight)
        return f"{self.weight}/{self.own_weight}/{self.rate.text}/{self.key}"

    def weight_at(self, name: str) -> int:
        """How many units it takes of the rate of a type, or of a key."""
        return self.own_weight if self.key and name == self.key else self.weight


#: What most jobs take: one of their type's.
ONE = RateShare()


def share_in(text: str) -> RateShare:
    """What a text of Redis or the record tells; one of the type's where it tells nothing."""
    weight, *rest = text.split("/", _BEFORE_KEY)
    if not weight.isdigit():
        return ONE
    if len(rest) < _BEFORE_KEY or not rest[0].isdigit():
        return RateShare(int(weight))
    own, *numbers, key = rest
    rate = rate_in("/".join(numbers))
    return RateShare(int(weight), int(own), key, rate) if rate else RateShare(int(weight))
