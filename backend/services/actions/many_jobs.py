"""What people and tokens do to many jobs at once, once they saw which."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.access.actor import Actor
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.actions.ownership import Ownership
from backend.services.jobs.bulk_service import BulkService, Canceled


class ManyJobActions(ActionFamily):
    """Cancel, run now. Ids are those of a selection."""

    def __init__(self, log: ActionLog, ownership: Ownership, bulk: BulkService) -> None:
        super().__init__(log)
        self._ownership = ownership
        self._bulk = bulk

    @action("jobs.cancel_many", "jobs")
    def cancel_many(
        self, by: Actor, job_ids: Sequence[str], *, reason: str = "", force: bool = False
    ) -> Effect[Canceled]:
        """Withdraws jobs; those that have ended meanwhile are left out."""
        self._ownership.check_live(by, job_ids)
        done = self._bulk.cancel(job_ids, by=by, reason=reason, force=force)
        touched = [*done.canceled, *done.asked]
        return Effect(done, touched, before={"selected": len(job_ids)})

    @action("jobs.run_many", "jobs")
    def run_many(self, by: Actor, job_ids: Sequence[str], *, reason: str = "") -> Effect[list[str]]:
        """Queues scheduled jobs before they are due; those that were still scheduled."""
        self._ownership.check_many_to_run(by, job_ids)
        done = self._bulk.run_now(job_ids, by=by, reason=reason)
        return Effect(done, done, before={"selected": len(job_ids)})
