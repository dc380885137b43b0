"""How many jobs of a type may run at once for each customer, host, or whatever its payload tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.breaker import shortened
from backend.domain.jobs.options.keyed_name import KeyBy, check_by, check_name, key_in

#: For how long a job has its place: for each attempt, or from its first start until it has ended.
HoldFor = Literal["attempt", "job"]


@dataclass(frozen=True, slots=True)
class Limit:
    """No more than ``most`` jobs of each key run at once, in the whole deployment.

    ``by``: the field of the payload that tells the key, or a function that is given the payload (its model,
    if the type has one) and returns it as text. ``name``: types that give the same name share the slots of
    a key; else each has its own. A job without a key is refused, or, with ``optional``, not limited.
    ``hold="job"``: a job has its place from its first start until it has ended, through retries and waits:
    with one place jobs of a key go one after another. Raises `InvalidOption`, naming what is wrong.
    """

    most: int
    by: KeyBy
    name: str = ""
    optional: bool = False
    hold: HoldFor = "attempt"

    def __post_init__(self) -> None:
        bounds.LIMIT.whole(self.most)
        check_by(self.by)
        check_name(self.name)
        if self.hold not in get_args(HoldFor):
            raise InvalidOption(
                f"a place is held for an attempt or a job, not for {self.hold!r}", field="hold"
            )

    def head(self, job_type: str) -> str:
        """What the names of its keys begin with. It ends at the first colon, so that no two meet."""
        return f"{self.name or job_type}:"

    def limit_key(self, job_type: str, key: str) -> str:
        """Under which name jobs of a key share their slots."""
        return self.head(job_type) + shortened(key)

    def key_in(self, payload: Mapping[str, Any]) -> str | None:
        """The key that its field of a payload tells: a text, or a whole number; None for none."""
        return key_in(payload, self.by)
