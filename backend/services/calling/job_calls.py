"""What callers do to jobs that are there, and how they find them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backend.domain.jobs.job_filter import JobFilter
from backend.services.calling.caller import Caller, actor_of
from backend.services.calling.job_ids import checked_id, checked_ids
from backend.services.calling.queue_parts import Reaches

if TYPE_CHECKING:
    from backend.domain.history.history_record import JobHistory
    from backend.domain.jobs.job import JobView
    from backend.domain.jobs.plans.twin import ReplayedId
    from backend.services.finding.dead_letters import DeadPage
    from backend.services.finding.explanation import Explanation
    from backend.services.finding.search_service import FoundPage, Source


class JobCalls(Reaches):
    """Each change is a row of the audit log, under the name of ``by``: the process's account by default.

    Changes raise `JobNotFound`, and `IllegalMove` for a job in a state that does not allow them; all raise
    `InvalidOption` where an id is no text.
    """

    def cancel_job(
        self, job_id: str, *, reason: str = "", force: bool = False, by: Caller = None
    ) -> str:
        """Withdraws a job: ``canceled``, or ``asked`` when it runs; ``force`` stops it hard."""
        jobs = self._parts.actions.jobs
        return jobs.cancel(actor_of(by), checked_id(job_id), reason=reason, force=force)

    def cancel_jobs(
        self, job_ids: Sequence[str], *, reason: str = "", force: bool = False, by: Caller = None
    ) -> list[str]:
        """Withdraws many; the ids of those that were canceled or asked to stop, which had not ended."""
        many = self._parts.actions.many_jobs
        done = many.cancel_many(actor_of(by), checked_ids(job_ids), reason=reason, force=force)
        return [*done.canceled, *done.asked]

    def retry_job(
        self,
        job_id: str,
        *,
        payload: Mapping[str, Any] | None = None,
        reason: str = "",
        anyway: bool = False,
        by: Caller = None,
    ) -> None:
        """Sends a dead job home with all its attempts; with another payload if one is given.

        Raises `NotUnique` where a job that is the same holds their key, unless it is to be done ``anyway``.
        """
        jobs = self._parts.actions.jobs
        jobs.retry(actor_of(by), checked_id(job_id), reason=reason, payload=payload, anyway=anyway)

    def retry_jobs(
        self,
        job_ids: Sequence[str],
        *,
        reason: str = "",
        anyway: bool = False,
        by: Caller = None,
    ) -> list[str]:
        """Sends many dead jobs home; the ids of those that were still dead.

        One whose key a job that is the same holds is left out, unless it is to be done ``anyway``.
        """
        dead = self._parts.actions.dead_letters
        return dead.redrive_many(actor_of(by), checked_ids(job_ids), reason=reason, anyway=anyway)

    def discard_job(self, job_id: str, *, reason: str = "", by: Caller = None) -> None:
        """Takes a dead job out of the dead-letter queue for good; history keeps it."""
        self._parts.actions.dead_letters.discard(actor_of(by), checked_id(job_id), reason=reason)

    def resolve_job(self, job_id: str, *, reason: str = "", by: Caller = None) -> None:
        """Marks a dead job as done by hand."""
        self._parts.actions.jobs.resolve(actor_of(by), checked_id(job_id), reason=reason)

    def reprioritise_job(
        self,
        job_id: str,
        priority: str,
        *,
        front: bool = False,
        reason: str = "",
        by: Caller = None,
    ) -> str:
        """Moves a waiting job to another priority of its lane; the queue it is in then."""
        jobs = self._parts.actions.jobs
        return jobs.reprioritise(
            actor_of(by), checked_id(job_id), priority, reason=reason, front=front
        )

    def run_job_now(self, job_id: str, *, reason: str = "", by: Caller = None) -> str:
        """Queues a scheduled job before it is due, also one that waits to be retried; its queue."""
        return self._parts.actions.jobs.run_now(actor_of(by), checked_id(job_id), reason=reason)

    def replay_job(
        self,
        job_id: str,
        *,
        payload: Mapping[str, Any] | None = None,
        priority: str | None = None,
        idempotency_key: str | None = None,
        reason: str = "",
        by: Caller = None,
    ) -> ReplayedId:
        """Runs any job of history again, as a new job that names its ancestor; the id of what runs now.

        That is a new one, or its ``twin``: a job that is the same and keeps it out, or that was accepted
        under the same idempotency key.
        """
        # Workers, which call nobody's replay, need not read it.
        from backend.domain.jobs.plans.twin import ReplayedId

        done = self._parts.actions.jobs.replay(
            actor_of(by),
            checked_id(job_id),
            reason=reason,
            payload=payload,
            priority=priority,
            idempotency_key=idempotency_key,
        )
        return ReplayedId(done.job_id, done.twin)

    def search_jobs(
        self,
        wanted: JobFilter | None = None,
        *,
        limit: int = 50,
        cursor: str | None = None,
        source: Source | None = None,
    ) -> FoundPage:
        """Jobs of both stores, the newest first; give a page's ``next`` as ``cursor`` for more.

        ``source`` asks Redis alone (``live``) or the record alone (``history``). Makes do with one store
        while the other is away, and says so in ``sources``.
        """
        return self._parts.search.search(
            wanted or JobFilter(), limit=limit, cursor=cursor, source=source
        )

    def dead_jobs(
        self, wanted: JobFilter | None = None, *, limit: int = 50, cursor: str | None = None
    ) -> DeadPage:
        """The dead-letter queue, those that died last first."""
        return self._parts.dead_letters.page(wanted or JobFilter(), limit, cursor)

    def job_history(self, job_id: str) -> JobHistory:
        """All that is on record about a job: attempts, timeline, log. Raises `HistoryUnavailable`."""
        return self._parts.history.get_job(checked_id(job_id))

    def explain_job(self, job_id: str) -> Explanation:
        """Why a job does not run, in words and codes, and where it stands in line."""
        return self._parts.why.explain_found(self.find_job(job_id))

    def find_job(self, job_id: str) -> JobView | JobHistory:
        """The job as Redis has it, else as the record does."""
        return self._parts.search.find(checked_id(job_id))
