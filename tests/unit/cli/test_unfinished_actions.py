"""`tally doctor` tells of actions that were begun on the last day and have no outcome."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from backend.cli.checks.audit import check_audit
from backend.cli.checks.finding import Level
from backend.domain.access.actor import Actor
from backend.domain.audit.audit import AuditEntry, AuditRow
from backend.domain.errors import HistoryUnavailable

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Log:
    """An audit log of actions that were begun so many hours ago."""

    def __init__(self, *hours: int) -> None:
        self._hours = hours

    def unmatched(self, **_: Any) -> list[AuditRow]:
        """The oldest first."""
        entry = AuditEntry("queues.purge", Actor("ada"), "queue:low")
        return [
            AuditRow(n, NOW - timedelta(hours=hours), entry, b"", b"")
            for n, hours in enumerate(self._hours)
        ]


class Away:
    """One that cannot be read."""

    def unmatched(self, **_: Any) -> list[AuditRow]:
        """Postgres is away."""
        raise HistoryUnavailable("away")


def _said(log: Any) -> list[tuple[Level, str]]:
    return [(each.level, each.text) for each in check_audit(log, lambda: NOW)]


def test_actions_of_the_last_day_without_an_outcome_are_a_warning() -> None:
    words = (
        "2 action(s) of the last day were begun and have no outcome, the first: "
        "queues.purge of queue:low by ada at 2026-01-30 13:00:00 UTC"
    )

    assert _said(Log(30, 23, 1)) == [(Level.WARNING, words)]


def test_older_ones_were_told_and_a_log_that_is_away_is_told_by_others() -> None:
    assert _said(Log(30)) == [(Level.OK, "every action that was begun has an outcome")]
    assert _said(Away()) == []
