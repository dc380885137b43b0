"""Whom a kill is charged to, and in which words people read of it."""

from __future__ import annotations

from workers.runtime.slots.running_table import RunningJob
from workers.runtime.supervision.killing import overdue_jobs

_OWN = RunningJob("own", "1-0", 1.0, 9.0)
_TOLD = RunningJob("told", "1-0", 1.0, 9.0, told_to_stop=True)


def test_who_ran_beyond_its_limit_is_guilty_of_that() -> None:
    killing = overdue_jobs([_OWN])

    assert killing == ("killed: a job ran beyond its hard time limit", [_OWN], "timeout")


def test_who_was_told_to_stop_and_did_not_is_guilty_of_that() -> None:
    killing = overdue_jobs([_TOLD])

    assert killing == ("killed: a job that was told to stop did not", [_TOLD], "timeout")


def test_both_at_once_are_both_guilty() -> None:
    assert list(overdue_jobs([_TOLD, _OWN]).guilty) == [_TOLD, _OWN]
