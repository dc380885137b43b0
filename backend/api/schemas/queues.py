"""Queues as they go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from backend.api.schemas.base import Because, Resource
from backend.api.schemas.fields import WHOLE, Line
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.fairness import FairBy, Fairness, FairShare
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.jobs.pause import Pause
from backend.domain.jobs.queue_state import QueueState
from backend.services.finding.gate_listing import GateLine


class Queue(Resource):
    """One queue as it stands."""

    name: str
    queued: int
    scheduled: int
    started: int
    deferred: int
    finished: int = Field(description="Since the store began; so are failed and canceled.")
    failed: int
    canceled: int
    accepted: int
    parked: int = Field(description="Of the queued: behind a limit, or the pause of their type.")
    lined: int = Field(description="Of the queued: in the lines of a fair queue.")
    oldest_enqueued_at: datetime | None
    oldest_wait_seconds: float | None
    paused: bool
    difference: int = Field(description="What the books are out by: 0 when they balance.")

    @classmethod
    def of(cls, state: QueueState, now: datetime) -> Queue:
        """A queue's state as it goes out."""
        oldest = state.oldest_enqueued_at
        return cls(
            name=state.name,
            **{each.value: count for each, count in state.counts.items()},
            accepted=state.accepted,
            parked=state.parked,
            lined=state.lined,
            oldest_enqueued_at=oldest,
            oldest_wait_seconds=max(0.0, (now - oldest).total_seconds()) if oldest else None,
            paused=state.paused,
            difference=state.difference,
        )


class PauseLine(Resource):
    """What may not start, and who said so."""

    what: str = Field(description="`queue:…`, `lane:…`, `type:…`; `all` by `rq suspend`.")
    by: str = Field(description="Who paused it; empty when nobody wrote it down.")
    reason: str
    since: datetime | None
    waiting: int = Field(
        description="Jobs that wait behind it; of a type those that a worker has come upon."
    )

    @classmethod
    def of(cls, pause: Pause, queues: Sequence[QueueState]) -> PauseLine:
        """A pause as it goes out."""
        return cls(
            what=pause.what,
            by=pause.by,
            reason=pause.reason,
            since=pause.since,
            waiting=pause.waiting(queues),
        )


class FairQueue(Resource):
    """A queue, and whose jobs take turns there."""

    queue: str
    by: FairBy | None = Field(
        description="The option of jobs that tells in which line each stands; null: not fair."
    )
    weights: dict[str, int] = Field(description="Turns of a key for one of others, where not 1.")

    @classmethod
    def of(cls, queue: str, fairness: Fairness | None) -> FairQueue:
        """A rule as it goes out."""
        weights = fairness.weights if fairness else {}
        return cls(queue=queue, by=fairness.by if fairness else None, weights=dict(weights))


class LineOfQueue(Resource):
    """The jobs of one key."""

    key: str = Field(description="Empty: jobs without one.")
    waiting: int
    weight: int


class LinesOfQueue(Resource):
    """The lines of a fair queue, that which has the next turn first."""

    queue: str
    items: list[LineOfQueue]

    @classmethod
    def of(cls, queue: str, shares: Sequence[FairShare]) -> LinesOfQueue:
        """Lines as they go out."""
        return cls(queue=queue, items=[LineOfQueue(**share._asdict()) for share in shares])


class FairRequest(Because):
    """By which option of its jobs a queue shall be fair."""

    by: FairBy | None = Field(
        description="`tenant`: jobs of each tenant stand in a line of their own; null: not fair."
    )
    weights: dict[str, Annotated[int, WHOLE]] = Field(
        default_factory=dict,
        max_length=bounds.MOST_FAIR_WEIGHTS,
        description=f"Turns of a key for one of others: {bounds.FAIR_WEIGHT.words}.",
    )

    @property
    def said(self) -> Fairness | None:
        """The rule; raises `InvalidOption` for a weight or key that cannot be."""
        return Fairness(self.by, self.weights) if self.by else None


class Queues(Resource):
    """Every queue, the most urgent first."""

    items: list[Queue]
    paused: list[str] = Field(
        description="What is paused: `queue:…`, `lane:…`, `type:…`; `all` by `rq suspend`."
    )
    pauses: list[PauseLine] = Field(description="The same, with who, why and since when.")
    fair: list[FairQueue] = Field(description="Queues in which keys take turns.")


class Gate(Resource):
    """One thing that keeps jobs from starting."""

    gate: str = Field(
        description="`type:…`, `key:…`, `rate:…`, `paused:…`, `frozen:…`, `breaker:…`."
    )
    words: str
    waiting: int = Field(description="Jobs that stepped aside for it.")
    next_job_id: str = Field(description="The next of them to go on; empty for none.")
    since: datetime | None = Field(description="Since when that one waits.")
    holders: int = Field(description="Jobs that hold a place of it.")
    limit: int | None = Field(description="How many may.")
    kept_by: list[str] = Field(
        description="Jobs that keep a place of it until they have ended, running or not."
    )
    opens_at: datetime | None = Field(description="When it opens, where that is known.")

    @classmethod
    def of(cls, line: GateLine) -> Gate:
        """A gate as it goes out."""
        return cls(**line._asdict())


class GatesFound(Resource):
    """Gates that jobs wait behind, and limits and rates that are set."""

    items: list[Gate]


class PauseOutcome(Resource):
    """Whether something is paused now."""

    what: str
    paused: bool
    changed: bool = Field(description="False: it was so already.")


class LimitRequest(Because):
    """A concurrency limit of a job type."""

    limit: Annotated[
        int | None,
        Field(
            ge=0,
            le=int(bounds.LIMIT.most),
            description="0: no limit; null: as the job type declares it.",
        ),
        WHOLE,
    ]


class KeyLimitRequest(Because):
    """How many jobs of a key may run at once."""

    key: Line = Field(description="The `limit_key` of the jobs, such as `call_crm:acme`.")
    limit: Annotated[
        int | None,
        Field(
            ge=0,
            le=int(bounds.LIMIT.most),
            description="0: as many as can; null: as the jobs say themselves.",
        ),
        WHOLE,
    ]


class KeyLimit(Resource):
    """What holds for a key."""

    key: str
    limit: int | None = Field(description="0: as many as can; null: as its jobs say themselves.")


class KeyLimits(Resource):
    """Every key of which somebody said how many of its jobs may run at once."""

    items: list[KeyLimit]


class RateRequest(Because):
    """How many jobs of a type may start in a time; without a limit as the job type declares it."""

    limit: Annotated[
        int | None,
        Field(
            ge=0,
            le=int(bounds.RATE_LIMIT.most),
            description="Starts; 0: no rate; null: as declared.",
        ),
        WHOLE,
    ]
    per: float = Field(
        1.0, ge=bounds.RATE_PER.least, le=bounds.RATE_PER.most, description="Seconds."
    )
    burst: Annotated[
        int | None,
        Field(None, ge=1, description="So many at once; null: a tenth of the limit."),
        WHOLE,
    ] = None

    @property
    def said(self) -> Rate | RateWord:
        """The rate, or the word in its place."""
        if self.limit is None:
            return RateWord.DECLARED
        return Rate(self.limit, self.per, self.burst) if self.limit else RateWord.NONE


class RateOutcome(Resource):
    """The rate of a job type."""

    job_type: str
    limit: int = Field(description="So many starts; 0: no rate.")
    per: float = Field(description="In so many seconds.")
    burst: int = Field(description="So many of them at once.")

    @classmethod
    def of(cls, job_type: str, rate: Rate | None) -> RateOutcome:
        """A rate as it goes out."""
        if rate is None:
            return cls(job_type=job_type, limit=0, per=0, burst=0)
        return cls(job_type=job_type, limit=rate.limit, per=rate.per, burst=rate.at_once)


class KeyRateRequest(RateRequest):
    """How many jobs of a key may start in a time; without a limit as the jobs say themselves."""

    key: Line = Field(description="Of jobs with a rate by key, such as `call_crm:acme`.")


class KeyRate(Resource):
    """What holds for a key."""

    key: str
    limit: int | None = Field(description="So many; 0: as many as come; null: as its jobs say.")
    per: float = Field(description="In so many seconds.")
    burst: int = Field(description="So many of them at once.")

    @classmethod
    def of(cls, key: str, rate: Rate | RateWord) -> KeyRate:
        """A rate as it goes out."""
        if isinstance(rate, Rate):
            return cls(key=key, limit=rate.limit, per=rate.per, burst=rate.at_once)
        return cls(key=key, limit=0 if rate is RateWord.NONE else None, per=0, burst=0)


class KeyRates(Resource):
    """Every key of which somebody said how many of its jobs may start in a time."""

    items: list[KeyRate]


class LimitOutcome(Resource):
    """The limit of a job type."""

    job_type: str
    limit: int = Field(description="What it is now; 0: no limit.")
