"""What people do to the books of Redis and the record, and to old history."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from backend.domain.access.actor import Actor
from backend.domain.history.history_retention import RetentionRule
from backend.domain.ledger.ledger import LedgerReport, RebuildReport
from backend.services.actions.action import ActionFamily, action
from backend.services.actions.action_log import ActionLog, Effect
from backend.services.ledger.ledger_service import LedgerService

#: Jobs deleted by one statement.
_BATCH = 1000


class LedgerActions(ActionFamily):
    """Repair, rebuild."""

    def __init__(self, log: ActionLog, ledger: LedgerService) -> None:
        super().__init__(log)
        self._ledger = ledger

    @action("ledger.repair", "redis")
    def repair(self, by: Actor, *, reason: str = "") -> Effect[LedgerReport]:
        """Compares Redis with the record, job by job, and puts right what can be."""
        report = self._ledger.reconcile(repair=True)
        report.recalled = self._ledger.recall()
        ids = [fault.job_id for fault in report.faults if fault.is_repaired and fault.job_id]
        return Effect(report, ids, affected=report.repaired)

    @action("ledger.rebuild", "redis")
    def rebuild(
        self, by: Actor, *, even_if_used: bool = False, reason: str = ""
    ) -> Effect[RebuildReport]:
        """Makes every job that waits, runs or is dead again in an empty Redis, from the record."""
        report = self._ledger.rebuild(even_if_used=even_if_used)
        return Effect(report, affected=sum(report.restored.values()))


class OldJobs(Protocol):
    """Where old jobs are deleted."""

    def now(self) -> datetime:
        """The time by the record's own clock."""

    def prune_jobs(self, rule: RetentionRule, before: datetime, most: int) -> int:
        """Deletes at most ``most`` jobs that ended before an instant; how many."""


class HistoryActions(ActionFamily):
    """Prune."""

    def __init__(self, log: ActionLog, old_jobs: OldJobs) -> None:
        super().__init__(log)
        self._old_jobs = old_jobs

    @action("history.prune", "{days} days")
    def prune(
        self, by: Actor, days: int, rule: RetentionRule, before: datetime, *, reason: str = ""
    ) -> Effect[int]:
        """Deletes jobs that ended before an instant, with their results; how many.

        None that the record's own clock calls younger than the rule keeps them.
        """
        deleted, before = 0, min(before, self._old_jobs.now() - rule.keep)
        while count := self._old_jobs.prune_jobs(rule, before, _BATCH):
            deleted += count
        return Effect(deleted, affected=deleted)
