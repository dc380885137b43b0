"""What services and loops need of the outside, in the domain's words. Redis and Postgres stand behind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob, EnqueueReply, JobView, NewJob
from backend.domain.jobs.step_codes import (
    CancelCode,
    DiscardCode,
    MoveCode,
    RedriveCode,
    RunNowCode,
    SettleCode,
)

if TYPE_CHECKING:
    # Supervisors and workers need not read them.
    from backend.domain.jobs.hooks.attempt_end import AttemptEnd
    from backend.domain.jobs.options.rate import Rate, RateState, RateWord
    from backend.domain.jobs.options.unique import UniqueScope
    from backend.domain.jobs.pause import Pause
    from backend.domain.jobs.plans.twin import Twin
    from backend.domain.jobs.queue_state import QueueState, WorkerState
    from backend.domain.schedules.freeze import FrozenWindow


class Clock(Protocol):
    """The time of this machine, for what needs no agreement with others."""

    def now(self) -> datetime:
        """The current instant, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds that only grow."""


class JobQueue(Protocol):
    """Where jobs are accepted and looked at."""

    def enqueue(self, jobs: Sequence[NewJob]) -> list[EnqueueReply]:
        """Accepts jobs in order; raises QueueUnavailable, and QueueFull or HistoryBacklogFull, which say
        in ``details["accepted"]`` how many from the start were accepted, and in ``accepted_ids`` which are
        new by this call, also behind the refused one."""

    def find(self, job_id: str) -> JobView | None:
        """The job as it stands now, or None when Redis does not (or no longer) know it."""

    def wait(self, job_id: str, timeout: float) -> bool:
        """Blocks until the job is final, at most ``timeout`` seconds; whether it is."""


class ClaimPlan(NamedTuple):
    """One queue in the order in which a worker looks, and how many jobs of it must come first."""

    queue: str
    guaranteed: int


class WantedTypes(NamedTuple):
    """The job types that a worker has room for, wherever in their queues the jobs stand."""

    job_types: Sequence[str]
    #: All other types instead, and suspects of these.
    others: bool = False


class PickedOut(NamedTuple):
    """What was picked out from behind other jobs, and whether some queue goes on behind that."""

    jobs: list[ClaimedJob]
    is_deeper: bool


class Dispatch(Protocol):
    """The hot path of a worker process: outcomes out and jobs in, in one round trip."""

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Sequence[ClaimPlan], most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        """Settles ``ended``, then claims up to ``most``; raises QueueUnavailable when unsure."""

    def pick_out(
        self, wanted: WantedTypes, plan: Sequence[ClaimPlan], most: int, start: int = 0
    ) -> PickedOut:
        """Claims up to ``most`` jobs of the types wanted, and passes over what stands before them.

        Looks at a hundred places of each queue, from ``start``; raises QueueUnavailable when unsure.
        """


class Lease(NamedTuple):
    """A started job's lease as it stands: what the rescuer compares before it acts."""

    job_id: str
    fence: str
    expires: str
    worker: str
    failures: int = 0
    max_attempts: int = 1
    #: How long it was at the claim, by the store's clock of that moment, if nobody has lengthened it since;
    #: None: somebody has, or that is not known.
    unextended_seconds: float | None = None
    #: How often its process has ended with others inside since an attempt of it ended otherwise.
    suspicions: int = 0


class Rescued(NamedTuple):
    """What a rescuer wants done with one lease."""

    lease: Lease
    outcome: Outcome


class LeaseBook(Protocol):
    """The leases of all workers."""

    def expired(self, most: int) -> list[Lease]:
        """Leases that ended by the store's clock."""

    def of_worker(self, worker: str) -> list[Lease]:
        """Every lease one worker process holds."""

    def of_workers(self, workers: Collection[str]) -> list[Lease]:
        """Every lease that some of these hold, at one look."""

    def told_to_stop(self, workers: Collection[str]) -> set[str]:
        """Those of these that were stopping when they were heard of last."""

    def rescue(self, rescued: Sequence[Rescued], *, only_expired: bool) -> list[bool]:
        """Ends the attempts, each only if its lease is still as seen; which were."""


class UntoldEnds(Protocol):
    """Attempts whose processes died, of which observers are told by another one."""

    def take(self, most: int) -> list[AttemptEnd]:
        """Takes up to so many, the oldest first; nobody else gets them."""


class Promotion(NamedTuple):
    """What one step of promoting did. Durations are seconds; ``next_due`` None: nothing waits."""

    moved: int
    next_due: float | None
    lateness: float


class Timetable(Protocol):
    """Jobs that wait for their time."""

    def promote(self, most: int, fence: int) -> Promotion:
        """Moves due jobs to their queues; ``moved`` is -1 when a newer leader has been here."""

    def wait_for_change(self, timeout: float) -> None:
        """Blocks until an earlier job arrives, at most ``timeout`` seconds."""

    def leave_changes(self) -> None:
        """Leaves it to others to hear of earlier jobs, until the next wait for one."""


class Leadership(Protocol):
    """The right to lead a duty, held by one process at a time."""

    def take(self, duty: str, holder: str, lease_seconds: float) -> int:
        """Takes or keeps the lead for so many seconds; the fence of the leadership, 0 if refused."""

    def give_up(self, duty: str, holder: str) -> None:
        """Lets another lead at once, if it is ours."""


class Operations(Protocol):
    """What people do to jobs and queues; one code an item, in the order given."""

    def cancel(
        self, job_ids: Sequence[str], *, by: str, reason: str, force: bool
    ) -> list[CancelCode]:
        """Withdraws jobs; a running one is asked to stop, or stopped by ``force``."""

    def redrive(
        self, job_ids: Sequence[str], *, by: str, reason: str, anyway: bool = False
    ) -> list[RedriveCode]:
        """Sends dead jobs home with all their attempts; ``anyway``: also where a job that is the same
        holds the key that they share.
        """

    def redrive_changed(
        self,
        job_id: str,
        job_type: str,
        payload: str,
        *,
        asked: NewJob | None = None,
        by: str,
        reason: str,
        anyway: bool = False,
    ) -> RedriveCode:
        """Redrives one job with a new payload (JSON); what follows from that is taken from ``asked``."""

    def discard(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[DiscardCode]:
        """Takes dead jobs out of the dead-letter queue for good."""

    def resolve(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[DiscardCode]:
        """Takes dead jobs out of the dead-letter queue as finished."""

    def reprioritise(
        self, moves: Sequence[tuple[str, str]], *, by: str, reason: str, front: bool
    ) -> list[MoveCode]:
        """Moves each (job id, queue)."""

    def run_now(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[RunNowCode]:
        """Queues scheduled jobs before they are due."""

    def pause(self, what: str, *, by: str = "", reason: str = "") -> bool:
        """False if it was paused already."""

    def resume(self, what: str, lanes: Sequence[str], *, by: str = "", reason: str = "") -> bool:
        """False if it was not paused."""

    def limit_key(self, key: str, most: int | None, *, by: str = "", reason: str = "") -> None:
        """How many jobs of a key may run at once; 0: as many as can; None: as they say themselves."""

    def rate(self, job_type: str, rate: Rate | None, *, by: str = "", reason: str = "") -> None:
        """How many jobs of a type may start in a time in the cluster; None: no rate."""

    def rate_key(self, key: str, rate: Rate | RateWord, *, by: str = "", reason: str = "") -> None:
        """How many jobs of a key may start in a time: a rate, none, or as they say themselves."""

    def limit(self, job_type: str, most: int, *, by: str = "", reason: str = "") -> None:
        """How many jobs of a type may run at once in the cluster; 0: no limit."""

    def purge(self, queue: str, *, by: str, reason: str) -> int:
        """Cancels everything that waits in a queue; how many entries were taken off."""


class Inspection(Protocol):
    """The read side of the live truth."""

    def queue_names(self) -> list[str]:
        """Every queue that ever held a job, the dead-letter queue left out."""

    def queue_states(self, names: Sequence[str]) -> list[QueueState]:
        """How many jobs of each queue are where, and since when its oldest waits."""

    def paused(self) -> list[str]:
        """What is paused."""

    def pauses(self) -> list[Pause]:
        """What is paused, by whom, since when and why, and how many jobs stepped aside for it."""

    def gates(self) -> list[str]:
        """Limits and paused job types that jobs wait behind, by name."""

    def parked(self, gate: str, start: int, most: int) -> list[str]:
        """Ids that wait behind a limit or a paused job type, the next to go on first."""

    def newest_parked(self, most: int) -> list[str]:
        """The last ids behind each gate, at most so many of one; of very many gates fewer of each."""

    def position(self, job_id: str, queue: str) -> int | None:
        """How many jobs of its queue run before it; None when it does not wait there."""

    def waiting(self, queue: str, start: int, most: int) -> list[str]:
        """Ids in a queue, the next to run first."""

    def scheduled(self, start: int, most: int) -> list[tuple[str, datetime]]:
        """Jobs that wait for their time, the soonest first."""

    def started(self, queue: str) -> list[str]:
        """Ids that run now."""

    def dead(
        self, start: int, most: int, *, newest_first: bool = True
    ) -> list[tuple[str, datetime]]:
        """Dead jobs and since when they are."""

    def dead_count(self) -> int:
        """How many jobs are in the dead-letter queue."""

    def jobs(self, job_ids: Sequence[str]) -> list[JobView]:
        """Those of the jobs that the store knows, in the order given; results are left out."""

    def workers(self) -> list[WorkerState]:
        """Every worker process on record."""

    def gate(self, gate: str) -> tuple[list[str], int]:
        """Who holds the slots of a concurrency limit, and how many wait behind it."""

    def holder_of(self, scope: UniqueScope) -> str:
        """The job that keeps out those that are the same; empty for none: the key is free."""

    def twins(self, jobs: Sequence[NewJob]) -> list[Twin | None]:
        """Of jobs that are asked for, those that would be answered in their place; nothing is accepted."""

    def key_limits(self) -> dict[str, int]:
        """How many jobs of a key may run at once, where an operator says so; 0: as many as can."""

    def rates(self) -> dict[str, Rate]:
        """How many jobs of a type may start in a time, where that is limited."""

    def key_rates(self) -> dict[str, Rate | None]:
        """How many jobs of a key may start in a time, where an operator says so; None: as many as come."""

    def rate_state(self, name: str, own: Rate | None = None) -> RateState | None:
        """How the rate of a type stands, or of a key; None when it has none. ``own``: what its jobs say."""

    def frozen(self) -> list[FrozenWindow]:
        """Windows of freezes that workers know, by their beginning; also those whose ramp is not over."""

    def limits(self) -> dict[str, int]:
        """Concurrency limits by job type."""
