"""How the jobs of a queue take turns, so that who enqueues very many holds up nobody but himself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, get_args

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.job_options import LINE

#: The option of a job that tells in which line it stands.
FairBy = Literal["tenant", "environment", "context_id", "limit_key"]
FAIR_BY: tuple[FairBy, ...] = get_args(FairBy)


@dataclass(frozen=True, slots=True)
class Fairness:
    """Jobs of one key stand in a line of their own, and lines take turns.

    A key with a weight of 3 has three turns where others have one. Jobs without a key share a line. Raises
    `InvalidOption` for an option that tells no key, and for a weight that is out of range.
    """

    by: FairBy = "tenant"
    weights: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.by not in FAIR_BY:
            words = ", ".join(FAIR_BY)
            raise InvalidOption(f"a queue is fair by one of {words}, not {self.by!r}", field="by")
        if len(self.weights) > bounds.MOST_FAIR_WEIGHTS:
            raise InvalidOption(
                f"no more than {bounds.MOST_FAIR_WEIGHTS} keys have a weight of their own",
                field="weights",
            )
        for key, weight in self.weights.items():
            if not LINE.fits(key):
                raise InvalidOption(f"a key must be {LINE.words}, not {key!r}", field="weights")
            bounds.FAIR_WEIGHT.whole(weight)

    @property
    def text(self) -> str:
        """As Redis and the record keep it."""
        heavy = {key: int(self.weights[key]) for key in sorted(self.weights)}
        said = {"by": self.by, **({"weights": heavy} if heavy else {})}
        return json.dumps(said, separators=(",", ":"), ensure_ascii=False)

    @property
    def words(self) -> str:
        """For people: ``by tenant; acme counts for 3``."""
        heavy = (f"{key} counts for {self.weights[key]}" for key in sorted(self.weights))
        return "; ".join((f"by {self.by}", *heavy))

    def key_of(self, options: Mapping[str, Any]) -> str:
        """In whose line a job stands that carries these options; empty for those who are nobody's."""
        key = options.get(self.by)
        return key if isinstance(key, str) else ""

    def stride(self, key: str) -> float:
        """How far a turn brings a key."""
        return 1 / self.weights.get(key, 1)


def fairness_in(text: str) -> Fairness | None:
    """The rule that a text of Redis or the record tells; None for none, and for what is none."""
    try:
        said = json.loads(text or "null")
        return Fairness(said["by"], dict(said.get("weights") or {}))
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOption):
        return None


class FairPlace(NamedTuple):
    """Where a job stands in a fair queue."""

    #: Whose line it is; empty for that of nobody's jobs.
    key: str
    #: Jobs of its key before it.
    before: int
    #: Lines that have a turn before its line has one, and all lines.
    lines_before: int
    lines: int


class FairShare(NamedTuple):
    """One line of a fair queue."""

    #: Whose it is; empty for that of nobody's jobs.
    key: str
    waiting: int
    weight: int


class FairQueues(Protocol):
    """Which queues are fair, and who stands where. Raises `QueueUnavailable`."""

    def rules(self) -> dict[str, Fairness]:
        """How each fair queue is fair."""

    def set_rule(self, queue: str, fairness: Fairness | None, *, by: str, reason: str) -> None:
        """Makes a queue fair, or (None) no more; who waits there moves into lines, or out of them."""

    def place(self, job_id: str) -> FairPlace | None:
        """Where a job stands in the lines of its queue; None when it stands in none."""

    def shares(self, queue: str, most: int) -> Sequence[FairShare]:
        """The lines of a queue that have a turn next, in the order of turns."""
