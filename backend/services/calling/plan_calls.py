"""Looking before leaping: previews, plans and test runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from backend.domain.jobs.options.job_options import JobOptions
from backend.services.calling.queue_parts import Reaches

if TYPE_CHECKING:
    from backend.domain.jobs.plans.job_preview import Plan
    from backend.services.jobs.job_options import JobRequest
    from backend.services.jobs.rehearsals import RunReceipt


class PlanCalls(Reaches):
    """Nothing is enqueued by looking."""

    def preview_jobs(self, requests: Sequence[JobRequest]) -> Plan:
        """What would become of requests, as `enqueue_many` takes them. Works without Redis as well."""
        return self._parts.previews.preview_jobs(requests)

    def enqueue_plan(self, requests: Sequence[JobRequest], token: str) -> list[str]:
        """Enqueues what a preview showed, by its ``token``; the same token again gives the same ids.

        Raises `InvalidOption` when something else would be enqueued by now.
        """
        return [reply.id for reply in self._parts.previews.enqueue_plan(requests, token)]

    def test_job(
        self,
        job_type: str,
        payload: Mapping[str, Any] | None = None,
        priority: str | None = None,
        *,
        session: Any = None,
        **options: Unpack[JobOptions],
    ) -> RunReceipt:
        """Starts a test run: the job runs, flagged, so that its handler touches nothing outside.

        Event record and run are written in one transaction: ``session``'s if one is given.
        """
        rehearsals = self._parts.rehearsals
        return rehearsals.test_job(job_type, payload, priority, session, **options)
