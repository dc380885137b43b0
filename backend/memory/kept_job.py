"""A job as the memory broker keeps it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from backend.broker.jobs import codec
from backend.broker.jobs.moments import moment
from backend.domain.jobs.attempts.noted_progress import noted_in
from backend.domain.jobs.attempts.outcome import AttemptError
from backend.domain.jobs.job import ClaimedJob, JobView, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.breaker import DESTINATION
from backend.domain.jobs.options.follow_ups import words_to_come
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.jobs.options.rate_share import ONE, RateShare, share_in

#: The states of a job that has not been taken yet, or not again.
WAITING = frozenset({JobState.QUEUED, JobState.SCHEDULED})


@dataclass
class KeptJob:
    """Everything that is known of one job. Instants are Unix milliseconds, 0 for none."""

    asked: NewJob
    queue: str
    state: JobState
    created_ms: int
    #: Of how many accepted jobs it is the last.
    number: int
    #: The payload as JSON; a redrive may change it.
    payload: str
    #: As JSON too: what comes out again is nobody's object.
    options: str
    enqueued_ms: int = 0
    started_ms: int = 0
    ended_ms: int = 0
    #: None for never: any instant may be said, also 0 and those before it.
    expires_ms: int | None = None
    due_ms: int = 0
    attempt: int = 0
    failures: int = 0
    is_suspect: bool = False
    suspicions: int = 0
    #: ``ask`` or ``force`` once somebody wants it to end while it runs.
    cancel: str = ""
    fence: str = ""
    #: The fence of the outcome that put it back last, and the kind: said again, it is the same.
    settled: tuple[str, str] = ("", "")
    worker: str = ""
    lease_ms: int = 0
    #: Whether its worker has lengthened its lease.
    is_extended: bool = False
    result: str = ""
    error: AttemptError | None = None
    progress: str = ""
    checkpoint: str = ""
    #: The gate behind which it waits; empty for none.
    parked: str = ""
    #: The gate that it was let through last, and the attempts before that.
    passed: tuple[str, int] = ("", 0)
    #: The gates whose slots it holds.
    gates: list[str] = field(default_factory=list)
    unique_until_ms: int = 0
    #: Where it is bound for; empty for nowhere that a breaker watches.
    destination: str = ""
    #: What one start of it takes of the rates that hold it.
    rate_share: RateShare = ONE
    #: Whether it keeps its place of its key until it has ended, and the gate whose place it keeps.
    hold: bool = False
    kept_gate: str = ""
    #: What later calls asked for that were answered with this job, where their key asks for the same again.
    digests: set[str] = field(default_factory=set)
    #: Its attempts before it took its unique key, and how far it may be put off.
    scope_from: int = 0
    debounce_by_ms: int = 0
    #: Which of its follow-ups are to come.
    follow: list[str] = field(default_factory=list)
    #: When it, and its result, are forgotten; 0 for never.
    forget_ms: int = 0
    forget_result_ms: int = 0
    #: What the attempt before left, in case this one is given back before its handler begins.
    before: tuple[int, str, int, str] = (0, "", 0, "")

    @property
    def id(self) -> str:
        """Its id."""
        return self.asked.id

    def has_expired(self, now: int) -> bool:
        """It is canceled when a worker comes to it: who is answered with it would never run.

        One that has begun goes on by its rules.
        """
        is_to_begin = self.state in WAITING and not self.attempt
        return is_to_begin and self.expires_ms is not None and self.expires_ms <= now

    def begin(self, now: int, worker: str, fence: str, lease_ms: int) -> None:
        """A worker has it."""
        if self.attempt:
            self.before = (self.started_ms, self.worker, self.ended_ms, self.progress)
            self.progress, self.ended_ms = "", 0
        self.attempt += 1
        self.started_ms, self.worker, self.fence, self.lease_ms = now, worker, fence, lease_ms
        self.is_extended = False

    def take_back(self) -> None:
        """Its handler never began: as if nobody had claimed it."""
        self.attempt -= 1
        self.started_ms, self.worker, ended, progress = self.before
        if self.attempt:
            self.ended_ms, self.progress = ended, progress

    def claimed(self) -> ClaimedJob:
        """What its worker is given."""
        exact = terms_of(json.loads(self.options)).timeout
        return ClaimedJob(
            self.id,
            self.fence,
            self.attempt,
            self.failures,
            self.is_suspect,
            self.queue,
            self.asked.job_type,
            codec.data_of(self.asked.job_type, self.payload).encode(),
            self.options.encode(),
            float(math.ceil(self.asked.timeout)) if exact is None else exact,
            self.asked.max_attempts,
            max(0.0, (self.started_ms - self.enqueued_ms) / 1000),
        )

    def view(self, *, with_result: bool = True, is_result_over: bool = False) -> JobView:
        """What people and programs see of it."""
        options: dict[str, Any] = json.loads(self.options)
        exact = terms_of(options).timeout
        noted = noted_in(self.progress)
        return JobView(
            id=self.id,
            job_type=self.asked.job_type,
            queue=self.queue,
            state=self.state,
            payload=json.loads(self.payload),
            attempt=self.attempt,
            max_attempts=self.asked.max_attempts,
            failures=self.failures,
            result=json.loads(self.result) if self.result and with_result else None,
            result_until=_instant(self.forget_result_ms) if is_result_over else None,
            error=self.error,
            created_at=_instant(self.created_ms),
            enqueued_at=_instant(self.enqueued_ms),
            started_at=_instant(self.started_ms),
            ended_at=_instant(self.ended_ms),
            run_at=_instant(self.due_ms) if self.state is JobState.SCHEDULED else None,
            expires_at=None if self.expires_ms is None else moment(self.expires_ms / 1000),
            worker=self.worker,
            progress=noted.progress,
            log=noted.log if self.state is JobState.STARTED else (),
            cancel_asked=bool(self.cancel),
            timeout=float(math.ceil(self.asked.timeout)) if exact is None else exact,
            options=options,
            destination=self.destination,
        )


def kept(job: NewJob, now_ms: int, number: int) -> KeptJob:
    """A job as it comes in."""
    terms = terms_of(job.options)
    return KeptJob(
        job,
        str(job.queue),
        JobState.QUEUED,
        now_ms,
        number,
        payload=job.payload,
        options=codec.options_text(job.options),
        expires_ms=None if job.expires_at is None else codec.milliseconds(job.expires_at),
        destination=job.options.get(DESTINATION, ""),
        rate_share=share_in(terms.rate_share),
        hold=terms.hold,
        follow=words_to_come(job.options).split(),
    )


def _instant(milliseconds: int) -> Any:
    return moment(milliseconds / 1000) if milliseconds else None
