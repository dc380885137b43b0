"""What a job should be after each step: the same rules as in Lua, told once more and more simply."""

from __future__ import annotations

from dataclasses import dataclass

from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.job_event import version_of
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import FOLLOW, ON_FAILURE, ON_SUCCESS, WORDS
from backend.domain.jobs.options.keyed_name import HOLD

REQUEUED = {"released", "returned", "crashed", "suspected"}
#: Their handlers never began. What is put off is returned with a delay.
TAKEN_BACK = {"returned", "put off"}
DELAYED = {"retried", "snoozed", "put off"}
CHARGED = {"retried", "failed", "poisoned", "crashed"}
_CALLS = {JobState.FINISHED: ON_SUCCESS, JobState.FAILED: ON_FAILURE}
WAITING = {JobState.QUEUED, JobState.SCHEDULED}


@dataclass
class ModelJob:
    """One job as its caller, its worker and its operator understand it."""

    asked: NewJob
    state: JobState
    queue: str
    attempt: int = 0
    failures: int = 0
    suspect: bool = False
    cancel: str = ""
    expired: bool = False
    #: What its present worker holds; None while nobody does.
    held: ClaimedJob | None = None
    fence: str = ""
    #: Discarded: Redis has forgotten it.
    gone: bool = False
    #: It ended because its time was over; nobody withdrew it.
    lapsed: bool = False
    #: Whether it has started since it was accepted, or sent home.
    began: bool = False
    #: Which of its follow-ups are to come.
    follow: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Both are to come of a job that has any."""
        self.follow = WORDS if FOLLOW in self.asked.options else ()

    @property
    def gates(self) -> dict[str, int]:
        """The limits by key that it must pass; those by type are the deployment's."""
        return {f"key:{self.asked.limit_key}": self.asked.limit} if self.asked.limit_key else {}

    @property
    def keeps(self) -> bool:
        """Whether it has a place of its key that it keeps until it has ended."""
        is_under_way = self.began and not self.state.is_final and not self.gone
        return HOLD in self.asked.options and is_under_way

    def start(self, claimed: ClaimedJob) -> None:
        """A worker has it; whatever it told the worker must be true."""
        assert self.state is JobState.QUEUED, f"{claimed.id} was claimed while {self.state}"
        assert claimed.queue == self.queue
        assert claimed.attempt == self.attempt + 1
        assert claimed.failures == self.failures
        assert claimed.suspect == self.suspect
        assert not self.expired, f"{claimed.id} was claimed after its end"
        assert not self.fence or version_of(claimed.fence) > version_of(self.fence)
        self.state, self.attempt, self.held = JobState.STARTED, claimed.attempt, claimed
        self.fence, self.began = claimed.fence, True

    def end(self, kind: str) -> None:
        """An attempt ended, by its worker or by a rescuer; one that was returned never was."""
        self.attempt -= kind in TAKEN_BACK
        if self.cancel and (kind in REQUEUED or kind in DELAYED):
            kind = "canceled"
        self.failures += kind in CHARGED
        self.suspect |= kind in {"crashed", "suspected"}
        if kind == "poisoned" or (kind == "crashed" and self.failures >= self.asked.max_attempts):
            kind = "failed"
        self.held = None
        if kind in REQUEUED:
            self.state = JobState.QUEUED
        elif kind in DELAYED:
            self.state = JobState.SCHEDULED
        else:
            self.state = JobState(kind)

    def calls(self) -> str:
        """The follow-up that its end calls, once; empty for none."""
        if not self.state.is_final:
            return ""
        word = ON_FAILURE if self.lapsed else _CALLS.get(self.state, "")
        called = word if word in self.follow else ""
        comes_back = self.state is JobState.FAILED and not self.gone
        self.follow = tuple({ON_SUCCESS} & {*self.follow}) if comes_back else ()
        return called

    def cancel_code(self, force: bool) -> int:
        """Somebody cancels it; the code they hear."""
        if self.gone:
            return 0
        if self.state.is_final:
            return 3
        if self.state is JobState.STARTED:
            self.cancel = "force" if force or self.cancel == "force" else "ask"
            return 2
        self.state = JobState.CANCELED
        return 1

    def redrive(self) -> None:
        """It is sent home from the dead-letter queue."""
        self.state, self.failures, self.suspect, self.cancel = JobState.QUEUED, 0, False, ""
        self.expired = self.began = False
