"""What a batch of events says about each job: one value a register, the newest by Redis' order.

A row of ``jobs`` is a set of registers, each with the version of the event that wrote it. Folding keeps
the newest of the batch; the database keeps the newest of all batches, in whatever order they come. An id
that is accepted again is another job: what registers say from before that is none of its, here and there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from backend.domain.jobs.job_event import ATTEMPT_ENDS, STATE_AFTER, EventKind, JobEvent, version_of
from backend.domain.jobs.options.job_labels import JobLabels, labels_in
from backend.history.recording.attempt_fault import AttemptFault, fault_in

# Plain words: looking an enum's member up costs more than the rest of the work on an event.
_ENQUEUED, _STARTED, _FINISHED = "enqueued", "started", "finished"
_REDRIVEN, _REPLACED, _DISCARDED = "redriven", "replaced", "discarded"
_QUEUED, _SCHEDULED = "queued", "scheduled"
_STATUS_AFTER = {kind.value: state.value for kind, state in STATE_AFTER.items()}
_ENDS = frozenset(kind.value for kind in ATTEMPT_ENDS)
#: Events that say nothing about where a job stands; they are only lines of its timeline.
_SILENT = frozenset({EventKind.DROPPED.value, EventKind.CANCEL_ASKED.value})
#: Events that may bring another payload.
_CHANGES = frozenset({_REDRIVEN, _REPLACED})
#: The ends of an attempt that went wrong, as opposed to put off, given back or withdrawn.
_WRONG = frozenset({"retried", "failed", "crashed", "suspected"})


@dataclass(slots=True)
class JobRegisters:
    """One job's registers. A version of 0 says that the batch does not speak of its register."""

    id: str
    #: Version of the enqueued event plus its place in its line; negative without one in the batch.
    position: int
    accepted: JobEvent | None = None
    labels: JobLabels | None = None
    status_version: int = 0
    status: str = _QUEUED
    due_ms: int = 0
    version: int = 0
    queue: str = ""
    fence: int = 0
    attempt: int = 0
    worker: str = ""
    #: These three as they were before the last start of the batch.
    before: tuple[int, int, str] = (0, 0, "")
    #: A start that an earlier batch told was taken back in this one.
    takes_back: bool = False
    error_version: int = 0
    fault: AttemptFault | None = None
    payload_version: int = 0
    changed_payload: str = ""
    #: Its options with what follows from that payload; empty where nobody told.
    changed_options: str = ""
    #: Every time that the batch made it ready for a worker, in order.
    ready_versions: list[int] = field(default_factory=list)
    discarded_version: int = 0

    @property
    def options(self) -> str:
        """Those of its newest payload, as far as the batch tells; empty where it does not."""
        return self.changed_options or (self.accepted.options if self.accepted else "")

    @property
    def ready_version(self) -> int:
        """When it got ready last, as far as the batch tells."""
        newest = self.ready_versions[-1] if self.ready_versions else 0
        return newest if _is_since(newest, self.position) else 0


class FoldedEvent(NamedTuple):
    """One event with what its text fields say in numbers."""

    event: JobEvent
    version: int
    fence: int
    status: str


class EndedAttempt(NamedTuple):
    """One attempt that ended; without a fault when it finished."""

    event: JobEvent
    version: int
    fence: int
    fault: AttemptFault | None
    job: JobRegisters


class Fold(NamedTuple):
    """Everything that a batch changes."""

    jobs: list[JobRegisters]
    timeline: list[FoldedEvent]
    attempts: list[EndedAttempt]


def fold(events: Sequence[JobEvent]) -> Fold:
    """Folds a batch, in any order; raises ValueError for an event that contradicts itself."""
    jobs: dict[str, JobRegisters] = {}
    timeline: list[FoldedEvent] = []
    attempts: list[EndedAttempt] = []
    for version, event in sorted(zip(map(_version, events), events, strict=True), key=_first):
        kind = event.kind
        fence = version if kind == _STARTED else version_of(event.fence) if event.fence else 0
        status = event.state or _STATUS_AFTER.get(kind, "")
        taken_back = version_of(event.taken_back) if event.taken_back else 0
        timeline.append(FoldedEvent(event, version, fence or taken_back, status))
        if kind in _SILENT:
            continue
        job = jobs.get(event.job_id)
        if job is None:
            job = jobs[event.job_id] = JobRegisters(event.job_id, -version)
        _take(job, event, version, status)
        if taken_back:
            _take_back(job, taken_back)
        elif fence:
            if kind == _STARTED:
                job.before = (job.fence, job.attempt, job.worker)
            job.fence, job.attempt, job.worker = fence, event.attempt, event.worker
            if kind in _ENDS:
                attempts.append(_ended(job, event, version, fence))
    return Fold(list(jobs.values()), timeline, attempts)


def _take_back(job: JobRegisters, fence: int) -> None:
    if job.fence == fence:
        job.fence, job.attempt, job.worker = job.before
    else:
        job.takes_back = True


def _version(event: JobEvent) -> int:
    return version_of(event.id)


def _first(pair: tuple[int, JobEvent]) -> int:
    return pair[0]


def _take(job: JobRegisters, event: JobEvent, version: int, status: str) -> None:
    kind = event.kind
    if kind == _ENQUEUED and job.version:
        _forget_earlier(job, version)
    job.version, job.queue = version, event.queue
    if kind == _DISCARDED:
        # It is failed already, and since then: leaving the dead-letter queue is not another end.
        job.status, job.discarded_version = status, version
        return
    if kind == _ENQUEUED:
        # Jobs that one line accepted stay in the order in which they were put into their queue.
        job.position = version + max(0, event.number - 1)
        job.accepted, job.labels = event, labels_in(event.options)
    elif kind in _CHANGES and event.data:
        job.payload_version = version
        job.changed_payload, job.changed_options = event.data, event.options
        # It was put off: it waits as before, but for another time.
        status = _SCHEDULED if kind == _REPLACED and event.due_ms else status
    if status:
        job.status_version, job.status, job.due_ms, job.discarded_version = version, status, 0, 0
        if status == _QUEUED and not event.taken_back:
            job.ready_versions.append(version)
        elif status == _SCHEDULED:
            job.due_ms = event.due_ms or (version >> 20) + 1


def _forget_earlier(job: JobRegisters, accepted: int) -> None:
    """What is from before an acceptance is of an earlier job of that id."""
    if not _is_since(job.fence, accepted):
        job.fence, job.attempt, job.worker = 0, 0, ""
    if not _is_since(job.error_version, accepted):
        job.error_version, job.fault = 0, None
    if not _is_since(job.payload_version, accepted):
        job.payload_version, job.changed_payload, job.changed_options = 0, "", ""


def _is_since(version: int, since: int) -> bool:
    """As the database's function of that name tells it."""
    return version >> 20 >= since >> 20


def _ended(job: JobRegisters, event: JobEvent, version: int, fence: int) -> EndedAttempt:
    kind = event.kind
    fault = None if kind == _FINISHED else fault_in(kind, event.body)
    if kind in _WRONG:
        fault = fault or AttemptFault(kind, kind, "")
        job.error_version, job.fault = version, fault
    return EndedAttempt(event, version, fence, fault, job)
