"""What people do to many jobs at once: shown first, then done, never more than was meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from datetime import datetime
from typing import NamedTuple

from backend.domain.actor import Actor
from backend.domain.history_search import MOST_PER_PAGE, JobSearch
from backend.domain.job import JobView
from backend.domain.job_state import JobState
from backend.domain.ports import Inspection, Operations
from backend.domain.step_codes import CancelCode
from backend.services.dead_filter import DeadFilter
from backend.services.job_control import JobControl
from backend.services.live_listing import LiveListing

#: Jobs of one bulk action; the answer says when there are more.
MOST = 10_000
UNENDED = frozenset(state for state in JobState if not state.is_final)
WAITING = frozenset({JobState.QUEUED})
#: Those that may be run before they are due.
SCHEDULED = frozenset({JobState.SCHEDULED})
DEAD = frozenset({JobState.FAILED})
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

    def __init__(self, operations: Operations, inspection: Inspection, control: JobControl) -> None:
        self._do = operations
        self._look = inspection
        self._control = control
        self._live = LiveListing(inspection)

    def select(self, search: JobSearch, states: Set[JobState]) -> Selection:
        """The jobs in Redis that match and are in one of these states."""
        # By id: a job that moves meanwhile may be seen twice.
        found: dict[str, JobView] = {}
        page = self._live.page(search, None)
        while True:
            found |= {job.id: job for job in page.jobs if job.state in states}
            if page.next is None or len(found) > MOST:
                break
            page = self._live.page(search, page.next)
        return selection_of(list(found.values()), _since)

    def chosen(self, ids: Sequence[str], states: Set[JobState]) -> Selection:
        """Of jobs that somebody named, those that are in one of these states."""
        named = self._look.jobs(list(dict.fromkeys(ids)))
        return selection_of([job for job in named if job.state in states], _since)

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

    def select_dead(self, wanted: DeadFilter) -> Selection:
        """The dead jobs that a filter takes."""
        found = self._control.matching_dead(wanted, MOST + 1)
        died = {job.id: at for job, at in found}
        return selection_of([job for job, _ in found], lambda job: died[job.id])

    def redrive(self, ids: Sequence[str], *, by: Actor, reason: str) -> list[str]:
        """Sends dead jobs home; the ids of those that were still dead."""
        return _done(ids, self._do.redrive(ids, by=by.name, reason=reason))

    def discard(self, ids: Sequence[str], *, by: Actor, reason: str) -> list[str]:
        """Takes dead jobs out of the dead-letter queue for good; the ids of those that were in it."""
        return _done(ids, self._do.discard(ids, by=by.name, reason=reason))

    def waiting(self, queue: str) -> Selection:
        """What a purge of a queue would cancel: in line, behind a limit or the pause of its type."""
        return self.select(JobSearch(queue=queue, limit=MOST_PER_PAGE), WAITING)


def selection_of(
    found: Sequence[JobView], instant: Callable[[JobView], datetime | None]
) -> Selection:
    """The selection of some jobs; ``instant`` tells how old one is."""
    kept = list(found[:MOST])
    oldest = min((at for job in kept if (at := instant(job)) is not None), default=None)
    return Selection([job.id for job in kept], oldest, kept[:_SAMPLE], len(found) > MOST)


def _since(job: JobView) -> datetime | None:
    """Since when a job is dead, or waits."""
    if job.state.is_final:
        return job.ended_at
    return (job.state is JobState.QUEUED and job.enqueued_at) or job.created_at


def _done(ids: Sequence[str], codes: Sequence[int]) -> list[str]:
    return [job_id for job_id, code in zip(ids, codes, strict=True) if code]
