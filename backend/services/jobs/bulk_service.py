"""What people do to many jobs at once: shown first, then done, never more than was meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from datetime import datetime
from typing import NamedTuple

from backend.domain.access.actor import Actor
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.step_codes import CancelCode, RedriveCode
from backend.domain.ports import Inspection, Operations
from backend.services.finding.dead_letters import DeadLetters
from backend.services.finding.live_listing import LiveListing

#: Jobs of one bulk action; the answer says when there are more.
MOST = 10_000
UNENDED = frozenset(state for state in JobState if not state.is_final)
WAITING = frozenset({JobState.QUEUED})
#: Those that may be run before they are due.
SCHEDULED = frozenset({JobState.SCHEDULED})
DEAD = frozenset({JobState.FAILED})
CANCELED = frozenset({JobState.CANCELED})
_SAMPLE, _PAGE = 5, 500


class Selection(NamedTuple):
    """Which jobs a bulk action would touch."""

    ids: list[str]
    oldest: datetime | None
    sample: list[JobView]
    #: Whether there are more than one action takes.
    is_partial: bool


class Canceled(NamedTuple):
    """What became of many jobs that were to be withdrawn."""

    canceled: list[str]
    asked: list[str]


class BulkService:
    """Selects jobs by a filter, and acts on them."""

    def __init__(self, operations: Operations, inspection: Inspection) -> None:
        self._do = operations
        self._look = inspection
        self._dead = DeadLetters(inspection)
        self._live = LiveListing(inspection)

    def select(self, wanted: JobFilter, states: Set[JobState]) -> Selection:
        """The jobs in Redis that are meant and are in one of these states."""
        narrowed = wanted.narrowed(states)
        found = self._live.matching(narrowed) if narrowed else ()
        return selection_of((job, _since(job)) for job in found)

    def chosen(self, ids: Sequence[str], states: Set[JobState]) -> Selection:
        """Of jobs that somebody named, those that are in one of these states."""
        named = self._look.jobs(list(dict.fromkeys(ids)))
        return selection_of((job, _since(job)) for job in named if job.state in states)

    def cancel(self, ids: Sequence[str], *, by: Actor, reason: str, force: bool) -> Canceled:
        """Withdraws jobs; those that have ended meanwhile are left out."""
        codes = self._do.cancel(ids, by=by.name, reason=reason, force=force)
        pairs = list(zip(ids, codes, strict=True))
        return Canceled(
            [job_id for job_id, code in pairs if code is CancelCode.CANCELED],
            [job_id for job_id, code in pairs if code is CancelCode.ASKED],
        )

    def run_now(self, ids: Sequence[str], *, by: Actor, reason: str) -> list[str]:
        """Queues scheduled jobs before they are due; the ids of those that were still scheduled."""
        return _done(ids, self._do.run_now(ids, by=by.name, reason=reason))

    def cancel_scheduled(self, queues: Set[str], *, by: Actor, reason: str) -> list[str]:
        """Withdraws what waits for its time and would go into some queues; the ids of what was.

        What runs by now is left alone.
        """
        ids = [job_id for job_id, _ in self._look.scheduled(0, 10**9)]
        canceled: list[str] = []
        for at in range(0, len(ids), _PAGE):
            jobs = self._look.jobs(ids[at : at + _PAGE])
            chosen = [
                job.id for job in jobs if job.queue in queues and job.state is JobState.SCHEDULED
            ]
            canceled += self.cancel(chosen, by=by, reason=reason, force=False).canceled
        return canceled

    def select_dead(self, wanted: JobFilter, most: int = MOST) -> Selection:
        """The dead jobs that a filter takes."""
        return selection_of(self._dead.matching(wanted), most)

    def redrive(
        self, ids: Sequence[str], *, by: Actor, reason: str, anyway: bool = False
    ) -> list[str]:
        """Sends dead jobs home; the ids of those that were still dead, and that no other one kept out."""
        codes = self._do.redrive(ids, by=by.name, reason=reason, anyway=anyway)
        return _done(ids, [code is RedriveCode.QUEUED for code in codes])

    def discard(self, ids: Sequence[str], *, by: Actor, reason: str) -> list[str]:
        """Takes dead jobs out of the dead-letter queue for good; the ids of those that were in it."""
        return _done(ids, self._do.discard(ids, by=by.name, reason=reason))

    def waiting(self, queue: str) -> Selection:
        """What a purge of a queue would cancel: in line, behind a limit or the pause of its type."""
        return self.select(JobFilter(queue=queue), WAITING)


def selection_of(found: Iterable[tuple[JobView, datetime | None]], most: int = MOST) -> Selection:
    """The selection of some jobs, each with the instant that tells how old it is."""
    ids: list[str] = []
    sample: list[JobView] = []
    oldest: datetime | None = None
    for job, at in found:
        if len(ids) == most:
            return Selection(ids, oldest, sample, is_partial=True)
        ids.append(job.id)
        sample += [job] if len(sample) < _SAMPLE else []
        oldest = at if oldest is None or (at is not None and at < oldest) else oldest
    return Selection(ids, oldest, sample, is_partial=False)


def _since(job: JobView) -> datetime | None:
    """Since when a job is dead, or waits."""
    if job.state.is_final:
        return job.ended_at
    return (job.state is JobState.QUEUED and job.enqueued_at) or job.created_at


def _done(ids: Sequence[str], codes: Sequence[int]) -> list[str]:
    return [job_id for job_id, code in zip(ids, codes, strict=True) if code]
