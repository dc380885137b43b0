"""Pruning by hand goes by the record's own clock too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.access.actor import Actor
from backend.domain.history.history_retention import RetentionRule
from backend.domain.jobs.job_state import JobState
from backend.services.actions.action_log import ActionLog
from backend.services.actions.ledger import HistoryActions
from tests.unit.actions.test_actions import Trail

NOW = datetime(2026, 3, 10, tzinfo=UTC)
RULE = RetentionRule((JobState.FINISHED,), timedelta(days=30))


class OldJobs:
    """None; notes up to which instant they were to go."""

    def __init__(self) -> None:
        self.befores: list[datetime] = []

    def now(self) -> datetime:
        return NOW

    def prune_jobs(self, rule: RetentionRule, before: datetime, most: int) -> int:
        self.befores.append(before)
        return 0


@pytest.mark.parametrize("ahead", [500, -500])
def test_what_goes_is_old_by_both_clocks(ahead: int) -> None:
    jobs, theirs = OldJobs(), NOW + timedelta(days=ahead)

    HistoryActions(ActionLog(Trail()), jobs).prune(Actor("ada"), 30, RULE, theirs - RULE.keep)

    assert jobs.befores == [min(NOW, theirs) - RULE.keep]
