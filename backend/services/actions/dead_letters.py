"""What people and tokens do in the dead-letter queue. One job is sent home by `jobs.retry`."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.access.actor import Actor
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.actions.ownership import Ownership
from backend.services.jobs.bulk_service import BulkService
from backend.services.jobs.job_control import JobControl


class DeadLetterActions(ActionFamily):
    """Discard one, redrive or discard many. Ids of many are those of a selection that was shown."""

    def __init__(
        self, log: ActionLog, ownership: Ownership, control: JobControl, bulk: BulkService
    ) -> None:
        super().__init__(log)
        self._ownership = ownership
        self._control = control
        self._bulk = bulk

    @action("dlq.discard", "job:{job_id}")
    def discard(self, by: Actor, job_id: str, *, reason: str = "") -> Effect[None]:
        """Takes a dead job out of the dead-letter queue for good; history keeps it."""
        self._ownership.check(by, job_id)
        self._control.discard(job_id, by=by, reason=reason)
        return Effect(None, [job_id])

    @action("dlq.redrive_many", "dlq")
    def redrive_many(
        self, by: Actor, job_ids: Sequence[str], *, reason: str = "", anyway: bool = False
    ) -> Effect[list[str]]:
        """Sends dead jobs home with all their attempts; those that were still dead."""
        self._ownership.check_many_to_run(by, job_ids)
        done = self._bulk.redrive(job_ids, by=by, reason=reason, anyway=anyway)
        after = {"anyway": True} if anyway else None
        return Effect(done, done, before={"selected": len(job_ids)}, after=after)

    @action("dlq.discard_many", "dlq")
    def discard_many(
        self, by: Actor, job_ids: Sequence[str], *, reason: str = ""
    ) -> Effect[list[str]]:
        """Takes dead jobs out of the dead-letter queue for good; those that were in it."""
        self._ownership.check_live(by, job_ids)
        done = self._bulk.discard(job_ids, by=by, reason=reason)
        return Effect(done, done, before={"selected": len(job_ids)})
