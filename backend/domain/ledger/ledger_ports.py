"""What the ledger needs of the two stores."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger import LiveFacts, Places, QueueBalance, RecordedFacts
from backend.domain.ledger.lost_control import HeldControl, Said


class Entry(NamedTuple):
    """One entry of a list or set.

    ``queue:<name>``, ``parked:<line>``, ``holders:<gate>``, ``schedule:<due, ms>``, ``leases``.
    """

    job_id: str
    place: str


class JobContents(NamedTuple):
    """What a job was accepted with, as texts."""

    job_type: str
    payload: str
    options: str
    max_attempts: int


class LedgerView(Protocol):
    """Redis as the ledger reads it, page by page. Every method raises QueueUnavailable."""

    def jobs(self) -> Iterator[list[LiveFacts]]:
        """Every job; some may come twice, none that was there all the time is left out."""

    def entries(self) -> Iterator[list[Entry]]:
        """Every entry that brings a job to a worker; none that was there all the time is left out."""

    def facts(self, job_ids: Sequence[str]) -> dict[str, LiveFacts]:
        """What is known of each job, also of those that are not there; each at one moment."""

    def places(self, jobs: Collection[LiveFacts]) -> dict[str, Places]:
        """In which lists each job is, and how often; sure of what does not move meanwhile."""

    def recount(self, job: LiveFacts, places: Places) -> Places | None:
        """How often exactly its home and other lists hold one job, all at one moment.

        None when at that moment the job was not as seen any longer.
        """

    def balances(self) -> list[QueueBalance]:
        """The books of every queue, each at one moment."""

    def contents(self, job_id: str) -> JobContents | None:
        """What a job was accepted with; None when it is not there."""

    def payload(self, job_id: str) -> str | None:
        """What a job would run with, as JSON text; None when it is not there, or cannot be read."""

    def outcome(self, job_id: str) -> str:
        """The result, or error, with which its last attempt ended, as JSON text; empty for none."""

    def controls(self) -> set[HeldControl]:
        """Every pause and every limit of a type that holds."""

    def is_empty(self) -> bool:
        """Whether no job is there at all."""


@dataclass(frozen=True, slots=True)
class RestorableJob:
    """A job as the record can make it again."""

    job: NewJob
    state: JobState
    version: int
    created_ms: int
    attempt: int
    failures: int
    #: An attempt since its last redrive took its process down: it must run alone.
    is_suspect: bool = False
    #: The last error as JSON text.
    error: str = ""
    #: Stream id and worker of the attempt that was under way; empty for none.
    open_fence: str = ""
    worker: str = ""
    ended_ms: int = 0
    #: Who asked that it be canceled while it ran, and why; empty for nobody.
    cancel_asked_by: str = ""
    cancel_reason: str = ""


class Attestation(NamedTuple):
    """An event that tells the record where a job stands."""

    kind: EventKind
    fence: str = ""
    attempt: int = 0
    actor: str = ""
    body: str = ""
    due_ms: int = 0
    #: Stream id of the start that it takes back.
    taken_back: str = ""


class Seat(NamedTuple):
    """Where a job belongs."""

    #: As it is, or as the record says; empty for a job without a hash.
    state: str
    #: If it is scheduled and no schedule has it.
    due_ms: int
    #: Seconds that a worker has to show that it runs a job without a lease.
    lease: float
    #: What the record knows of a job without a hash: its entries are named after them.
    queue: str = ""
    fence: str = ""


class LedgerRepair(Protocol):
    """What puts Redis right. Each call looks again, in one step, whether the job is still as seen."""

    def reseat(self, seen: LiveFacts, places: Places, seat: Seat) -> bool:
        """Puts a job where it belongs, once, and out of every other place."""

    def restore(self, jobs: Sequence[RestorableJob], *, count: bool) -> list[bool]:
        """Makes jobs again that are not there; ``count`` them as accepted when the books are lost too."""

    def remake(
        self, seen: LiveFacts, places: Places, job: RestorableJob | None, *, has_checkpoint: bool
    ) -> bool:
        """Makes a job anew in the place of an older copy; without ``job`` it is only taken out.

        ``has_checkpoint``: how far its handler came holds still, for it is about the same payload.
        """

    def remind(self, seen: LiveFacts) -> bool:
        """Asks a running job to stop once more."""

    def recall(self, jobs: Sequence[RestorableJob]) -> int:
        """Makes finished jobs known again that a key still stands for; how many were not there."""

    def attest(self, seen: LiveFacts, attestation: Attestation) -> bool:
        """Tells the record where a job stands."""

    def write_off(self, balance: QueueBalance) -> bool:
        """Sets what a queue accepted to what it has, if it is still out by as much."""


class Suspect(NamedTuple):
    """A job of which something does not fit."""

    job_id: str
    #: What lists hold does not fit; otherwise lists are as they should be.
    by_list: bool


class LedgerCount(Protocol):
    """One laying out of everything in Redis, to be held against the record in one go."""

    def note_jobs(self, jobs: Sequence[LiveFacts]) -> None:
        """Takes a page of jobs."""

    def note_entries(self, entries: Sequence[Entry]) -> None:
        """Takes a page of entries."""

    def suspects(self, most: int) -> Iterator[list[Suspect]]:
        """Pages of jobs of which something does not fit, of Redis, the record and the outbox."""


class LedgerStore(Protocol):
    """The record as the ledger reads and corrects it. Every method raises HistoryUnavailable."""

    def count(self) -> AbstractContextManager[LedgerCount]:
        """Begins to lay out what is in Redis; raises IllegalMove while another count goes on."""

    def recorded(self, job_ids: Collection[str]) -> dict[str, RecordedFacts]:
        """What the record says of those of the jobs that it knows."""

    def sent(self, job_ids: Collection[str]) -> set[str]:
        """Those of the jobs that the outbox says it sent, and that have not come to the record since."""

    def restorable(self, job_ids: Collection[str]) -> list[RestorableJob]:
        """Those of the jobs whose acceptance is on record."""

    def waiting(self, after: tuple[int, str], most: int) -> list[tuple[int, str]]:
        """Positions and ids of jobs that wait, run or are dead, in order of acceptance, after one."""

    def accepted(self, after: tuple[int, str], most: int) -> list[tuple[int, str, bool]]:
        """Positions and ids of all jobs after one, and whether it finished and may have a key."""

    def waiting_counts(self) -> Mapping[tuple[str, JobState], int]:
        """How many jobs of each queue are on record in each state that is not final."""

    def unaccepted(self, most: int) -> list[str]:
        """Jobs that wait or run, and whose acceptance is not on record."""

    def write_row(self, seen: LiveFacts, contents: JobContents) -> bool:
        """Writes the row of a job that is not on record."""

    def note_started(self, seen: LiveFacts) -> bool:
        """Brings a row up to the attempt that is under way, unless it knows a later event."""

    def sent_unrecorded(self) -> list[str]:
        """Jobs that the outbox says it sent, and that are not on record."""

    def send_again(self, job_ids: Collection[str] | None) -> int:
        """Lets the relay send sent jobs again that are not on record (None: all such); how many."""

    def said_of_controls(self) -> list[Said]:
        """What the audit log says last of each pause and each limit."""

    def last_version(self) -> int:
        """The version of the last event on record; 0 for none."""
