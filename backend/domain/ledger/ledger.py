"""The ledger: what Redis and the record say of each job, side by side, and what can be wrong there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from backend.domain.jobs.job_event import version_of
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.control import Control, ControlDifference
from backend.domain.ledger.lost_control import LostControl

_SEQUENCE_BITS = 20


def stream_id_of(version: int) -> str:
    """The id that an event of this version has in the stream."""
    return f"{version >> _SEQUENCE_BITS}-{version & ((1 << _SEQUENCE_BITS) - 1)}"


class FaultKind(StrEnum):
    """One way in which a job, or the books of a queue, can be wrong."""

    #: The record says it waits, runs or is in the dead-letter queue; Redis does not know it.
    LOST = "lost"
    #: Redis knows it, but no structure would ever bring it to a worker, or shows it to people.
    GHOST = "ghost"
    #: It is in more places than its state has.
    DOUBLED = "doubled"
    #: It runs without a lease, or has a lease or a slot of a limit without running.
    STUCK = "stuck"
    #: An entry that names no job.
    STRAY = "stray"
    #: Redis and the record say different things.
    WRONG_STATE = "wrong_state"
    #: Redis knows it, the record does not.
    MISSING_ROW = "missing_row"
    #: It is counted wrongly in the quota of its tenant.
    MISCOUNTED = "miscounted"
    #: The jobs of a queue do not add up to those accepted, and no job explains it.
    UNBALANCED = "unbalanced"


class Fault(NamedTuple):
    """One thing that is wrong, by name."""

    kind: FaultKind
    #: Empty when a whole queue is meant.
    job_id: str
    queue: str
    detail: str
    is_repaired: bool = False


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """What Redis says of a job at one moment. Instants are milliseconds, 0 where there is none."""

    job_id: str
    #: Empty: there is no hash.
    state: str = ""
    queue: str = ""
    attempt: int = 0
    failures: int = 0
    fence: str = ""
    #: The gate behind which a queued job waits.
    parked: str = ""
    worker: str = ""
    created_ms: int = 0
    enqueued_ms: int = 0
    started_ms: int = 0
    ended_ms: int = 0
    #: How often it was given back before its handler began: the one trace that such a claim leaves.
    returns: int = 0
    #: The gate whose place it keeps until it has ended.
    kept_gate: str = ""
    #: ``ask`` or ``force`` while its attempt is asked to stop.
    asked_to_stop: str = ""
    #: Another one after any change of the job but a heartbeat's; empty where nobody asked for it.
    mark: str = ""
    has_lease: bool = False
    in_started_registry: bool = False
    due_ms: int = 0
    in_scheduled_registry: bool = False
    is_listed_dead: bool = False
    in_failed_registry: bool = False

    @property
    def was_failed_by_others(self) -> bool:
        """No step of ours failed it: those list a dead job. A stock RQ worker took it off its queue."""
        is_listed = self.is_listed_dead or self.in_failed_registry
        return self.state == JobState.FAILED and not is_listed

    @property
    def changed_ms(self) -> int:
        """The latest instant that its hash tells of."""
        return max(self.created_ms, self.enqueued_ms, self.started_ms, self.ended_ms)

    @property
    def fence_version(self) -> int:
        """Version of the started event of its current attempt; 0 when there is none."""
        try:
            return version_of(self.fence) if self.fence else 0
        except ValueError:
            return 0

    @property
    def home(self) -> str:
        """The list in which a queued job belongs, as `Places` names it."""
        return f"parked:{self.parked}" if self.parked else f"queue:{self.queue}"


#: How often each list (``queue:<name>``, ``parked:<line>``, ``holders:<gate>``) holds a job.
Places = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RecordedFacts:
    """What the record says of a job."""

    job_id: str
    state: str
    queue: str
    #: False while only later events of it are on record.
    is_accepted: bool
    status_version: int
    version: int
    fence: int
    attempt: int
    worker: str
    run_at: datetime | None = None
    #: The state that the event at ``status_version`` tells; empty when it is not kept any longer.
    event_state: str = ""
    #: When somebody took it out of the dead-letter queue for good; 0 for not at all, or not since
    #: it was redriven.
    discarded_version: int = 0
    #: How often it was given back before its handler began, as far as its events are kept.
    returns: int = 0
    #: What it was redriven with, or a later job that is the same left it, as JSON text; empty for nothing.
    changed_payload: str = ""
    #: Somebody asked that the attempt which is under way be canceled.
    is_asked_to_stop: bool = False

    @property
    def is_discarded(self) -> bool:
        """Somebody took it out of the dead-letter queue for good."""
        return self.discarded_version > 0

    @property
    def changed_ms(self) -> int:
        """The instant since which it stands as it does."""
        return max(self.status_version, self.discarded_version) >> 20

    @property
    def is_true_to_its_events(self) -> bool:
        """Whether the row says what its own event says: if not, somebody changed it by hand."""
        return self.event_state in {"", self.state}


class QueueBalance(NamedTuple):
    """The books of one queue at one moment, and how many of its jobs wait or run on record."""

    queue: str
    accepted: int
    #: By state, as Redis counts.
    live: Mapping[JobState, int]
    #: Of the queued: how many wait behind a limit or a pause.
    parked: int
    recorded: Mapping[JobState, int] = {}

    @property
    def difference(self) -> int:
        """What the books are out by: 0 when every accepted job is in exactly one state."""
        return self.accepted - sum(self.live.values())


@dataclass(slots=True)
class LedgerReport:
    """What one reconciliation found."""

    started_at: datetime
    ended_at: datetime | None = None
    #: How many jobs were looked at in Redis, and how many entries of lists and sets.
    jobs: int = 0
    entries: int = 0
    #: Jobs that looked wrong at first and had moved on at the second look.
    moved: int = 0
    #: The recorder did not catch up in time: what Redis and the record say of each other was not judged.
    recorder_is_behind: bool = False
    balances: list[QueueBalance] = field(default_factory=list)
    counts: dict[FaultKind, int] = field(default_factory=dict)
    repaired: int = 0
    #: Finished jobs that are known again, because a key still stands for them and Redis had lost them.
    recalled: int = 0
    #: The first ones by name; ``counts`` has all.
    faults: list[Fault] = field(default_factory=list)
    #: Pauses and limits of which Redis and the record say that something else holds, before any repair.
    controls: list[ControlDifference] = field(default_factory=list)

    @property
    def is_balanced(self) -> bool:
        """Whether every accepted job is accounted for, now."""
        left = sum(self.counts.values()) - self.repaired
        books = all(balance.difference == 0 for balance in self.balances)
        return left == 0 and books and not self.recorder_is_behind


@dataclass(slots=True)
class RebuildReport:
    """What was made again in an empty Redis."""

    #: By the state they are in now.
    restored: dict[JobState, int] = field(default_factory=dict)
    #: Of those: how many were running and begin again.
    interrupted: int = 0
    #: Jobs of the outbox that had been sent and were not on record yet: the relay sends them again.
    sent_again: int = 0
    #: Already there, or ended since.
    present: int = 0
    #: Finished jobs that are known again, because a key still stands for them.
    recalled: int = 0
    #: Jobs whose acceptance is not on record, so that nobody knows what to run.
    unknown: list[str] = field(default_factory=list)
    #: Pauses and limits that hold again, as the record had them.
    controls: list[Control] = field(default_factory=list)
    #: Those of before they were kept on record, which the audit log knows of; they are not made again.
    lost_controls: list[LostControl] = field(default_factory=list)
    #: The last event on record: what Redis accepted after it is lost, unless it came through the outbox.
    recovery_point: datetime | None = None
