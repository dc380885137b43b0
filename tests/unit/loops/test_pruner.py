"""The pruner: what one duty cannot do holds up no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.errors import HistoryUnavailable
from backend.domain.history.history_retention import RetentionPolicy, RetentionRule
from backend.loops.pruner import Pruner
from backend.telemetry.clock import SystemClock

TOO_LONG = HistoryUnavailable("canceling statement due to statement timeout", sqlstate="57014")
NOW = datetime(2026, 3, 10, tzinfo=UTC)
AWAY = HistoryUnavailable("connection refused", sqlstate="")


class FixedClock:
    """Stands still."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return 0.0


class Upkeep:
    """Does all but what it cannot; notes what it was asked for."""

    def __init__(self, **errors: Exception) -> None:
        self._errors = errors
        self.asked: list[str] = []

    def now(self) -> datetime:
        self.asked.append("now")
        return NOW

    def __getattr__(self, name: str) -> Any:
        def duty(*_: Any) -> int:
            self.asked.append(name)
            if name in self._errors:
                raise self._errors[name]
            return 0

        return duty


class OneRuleTakesTooLong(Upkeep):
    """Where the first group of jobs is too many to be looked through."""

    def prune_jobs(self, rule: RetentionRule, before: datetime, most: int) -> int:
        self.asked.append(f"prune {rule.states[0]}")
        if len(self.asked) == self.asked.index("prune finished") + 1:
            raise TOO_LONG
        return 0


def _pruner(upkeep: Upkeep) -> Pruner:
    return Pruner(upkeep, SystemClock(), RetentionPolicy())


@pytest.mark.parametrize(
    "name", ["make_partitions", "sum_up_counts", "count_failures", "sum_up_hours", "drop_jobs"]
)
def test_a_duty_that_takes_too_long_holds_up_no_other_and_is_told(name: str) -> None:
    all_of_it = Upkeep()
    _pruner(all_of_it).run_once()
    upkeep = Upkeep(**{name: TOO_LONG})

    with pytest.raises(HistoryUnavailable) as told:
        _pruner(upkeep).run_once()

    assert told.value is TOO_LONG
    assert upkeep.asked == all_of_it.asked


def test_jobs_that_are_too_many_to_look_through_hold_up_no_others() -> None:
    upkeep = OneRuleTakesTooLong()

    with pytest.raises(HistoryUnavailable):
        _pruner(upkeep).run_once()

    assert upkeep.asked[upkeep.asked.index("prune failed") :] == [
        "prune failed",
        "drop_jobs",
        "drop_events",
        "prune_events",
        "prune_set_aside",
        "drop_statistics",
    ]


def test_where_postgres_is_away_nothing_else_is_asked() -> None:
    upkeep = Upkeep(make_partitions=AWAY)

    with pytest.raises(HistoryUnavailable):
        _pruner(upkeep).run_once()

    assert upkeep.asked == ["make_partitions"]


class Noting(Upkeep):
    """Notes up to which instants something goes."""

    def __init__(self) -> None:
        super().__init__()
        self.befores: list[datetime] = []

    def __getattr__(self, name: str) -> Any:
        def duty(*values: Any) -> int:
            self.befores += [value for value in values if isinstance(value, datetime)]
            return 0

        return duty


@pytest.mark.parametrize("ahead", [timedelta(days=500), timedelta(days=-500)])
def test_what_goes_is_old_by_the_clock_of_the_machine_and_by_that_of_postgres(
    ahead: timedelta,
) -> None:
    """One that is wrong may keep, and must not delete."""
    upkeep = Noting()

    Pruner(upkeep, FixedClock(NOW + ahead), RetentionPolicy()).run_once()

    behind = min(NOW, NOW + ahead)
    assert {behind - before for before in upkeep.befores} == {
        timedelta(days=30),
        timedelta(days=90),
        timedelta(days=400),
    }
