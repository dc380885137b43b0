"""The hourly reconciliation ends well when nothing is wrong any more, and dead when something is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest

from backend.bootstrap import record_parts, upkeep_jobs
from backend.bootstrap.upkeep_jobs import result_of
from backend.domain.errors import IllegalMove, PermanentFailure, Snooze
from backend.domain.ledger.ledger import Fault, FaultKind, LedgerReport
from workers.base_worker import JobContext

LOST = Fault(FaultKind.LOST, "a", "normal", "the record says queued, Redis does not know it")
MENDED = LOST._replace(job_id="b", is_repaired=True)


House = Callable[..., dict[str, Any]]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> House:
    """Runs the job where the books are as given; whoever recalls brings five back."""

    def run(report: LedgerReport, context: JobContext, *, repair: bool) -> dict[str, Any]:
        ledger = Mock()
        ledger.reconcile.return_value, ledger.recall.return_value = report, 5
        parts = Mock(**{"settings.ledger.repair": repair})
        monkeypatch.setattr(upkeep_jobs, "platform", lambda: parts)
        monkeypatch.setattr(record_parts, "ledger_service", lambda _parts: ledger)
        monkeypatch.setattr(upkeep_jobs, "current_job", lambda: context)
        return upkeep_jobs.reconcile(upkeep_jobs.Nothing())

    return run


def _report(*faults: Fault, unnamed: int = 0) -> LedgerReport:
    return LedgerReport(
        datetime.now(UTC),
        jobs=7,
        counts={FaultKind.LOST: len(faults) + unnamed} if faults or unnamed else {},
        repaired=sum(fault.is_repaired for fault in faults),
        faults=list(faults),
    )


def test_books_that_balance_are_told_with_how_many_jobs_there_are() -> None:
    assert result_of(_report()) == {
        "jobs": 7,
        "balanced": True,
        "recorder_is_behind": False,
        "faults": {},
        "repaired": 0,
        "recalled": 0,
    }


def test_what_was_put_right_is_told_and_is_no_failure() -> None:
    result = result_of(_report(MENDED))

    assert (result["balanced"], result["faults"], result["repaired"]) == (True, {"lost": 1}, 1)


def test_what_is_still_wrong_fails_it_by_name() -> None:
    with pytest.raises(PermanentFailure) as told:
        result_of(_report(MENDED, LOST))

    assert str(told.value) == (
        "the books do not balance: a (lost in normal); see `tally reconcile`"
    )


def test_what_is_still_wrong_and_has_no_name_here_fails_it_as_well() -> None:
    with pytest.raises(PermanentFailure, match="the books do not balance: 3 more; see"):
        result_of(_report(MENDED, unnamed=3))


def test_one_that_could_not_judge_the_record_is_not_over() -> None:
    """It balances, as far as it was looked at: what Redis lost is not named."""
    behind = _report(MENDED)
    behind.recorder_is_behind = True

    with pytest.raises(Snooze, match="the recorder is behind") as raised:
        result_of(behind)

    assert raised.value.delay == 120


def test_one_that_could_not_judge_it_for_an_hour_fails_in_words() -> None:
    behind = _report()
    behind.recorder_is_behind = True

    with pytest.raises(PermanentFailure, match=r"behind for about an hour.*`tally recorder`"):
        result_of(behind, looks=30)
    with pytest.raises(Snooze):
        result_of(behind, looks=31)


def test_what_is_wrong_all_the_same_is_named_at_once() -> None:
    behind = _report(LOST)
    behind.recorder_is_behind = True

    with pytest.raises(PermanentFailure, match="a \\(lost in normal\\)"):
        result_of(behind)


def test_one_that_meets_another_waits_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    under_way = Mock()
    under_way.reconcile.side_effect = IllegalMove("another reconciliation is under way")
    monkeypatch.setattr(upkeep_jobs, "platform", Mock())
    monkeypatch.setattr(record_parts, "ledger_service", lambda _parts: under_way)

    with pytest.raises(Snooze, match="another reconciliation is under way") as raised:
        upkeep_jobs.reconcile(upkeep_jobs.Nothing())

    assert raised.value.delay == 30


@pytest.mark.parametrize(
    ("repair", "tags", "faults", "recalls"),
    [
        (True, ("epoch",), (), 1),
        (True, (), (MENDED,), 1),
        (True, (), (), 0),
        (False, ("epoch",), (), 0),
    ],
    ids=["epoch", "lost", "quiet hour", "no repair"],
)
def test_keys_are_brought_back_where_redis_has_lost_something(
    house: House, repair: bool, tags: tuple[str, ...], faults: tuple[Fault, ...], recalls: int
) -> None:
    """It reads the record of a year: not in each quiet hour."""
    told = house(_report(*faults), JobContext("job", "reconcile", 1, tags=tags), repair=repair)

    assert told["recalled"] == 5 * recalls


@pytest.mark.parametrize(("attempt", "recalled"), [(1, 5), (2, 0)])
def test_while_the_recorder_is_behind_they_are_brought_back_at_the_first_look(
    house: House, attempt: int, recalled: int
) -> None:
    behind = _report()
    behind.recorder_is_behind = True

    with pytest.raises(Snooze):
        house(behind, JobContext("job", "reconcile", attempt, tags=("epoch",)), repair=True)

    assert behind.recalled == recalled
