"""What a supervisor says of the end of a process, by what that left in its table."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.attempts.verdict import judge
from backend.domain.ports import Lease
from workers.runtime.slots.running_table import RunningJob, RunningTable
from workers.runtime.supervision.deaths import death_of
from workers.runtime.supervision.killing import Killing, closes_too_long, overdue_jobs

_RAN = RunningJob("ran", "1-0", 1.0, 0.0)
_BESIDE = RunningJob("beside", "2-0", 1.0, 0.0)
_LEASES = [
    Lease("ran", "1-0", "90000", "w"),
    Lease("beside", "2-0", "90000", "w"),
    Lease("waited", "3-0", "90000", "w"),
]


@pytest.fixture
def table() -> Iterator[RunningTable]:
    made = RunningTable.create(2)
    yield made
    made.close()


def _ends(table: RunningTable, *, returncode: int = 0, killing: Killing | None = None) -> list[str]:
    rescued = judge(_LEASES, death_of(table, returncode, killing))
    return [entry.outcome.kind.value for entry in rescued]


def test_who_stopped_in_order_and_could_give_nothing_back_leaves_nobody_charged(
    table: RunningTable,
) -> None:
    table.note_running(0, _RAN)
    table.note_stopped()

    assert _ends(table) == ["released", "returned", "returned"]


def test_nor_do_several_that_ran_in_it_become_suspects(table: RunningTable) -> None:
    table.note_running(0, _RAN)
    table.note_running(1, _BESIDE)
    table.note_stopped()

    assert _ends(table) == ["released", "released", "returned"]


def test_a_job_that_ends_its_process_with_0_is_charged(table: RunningTable) -> None:
    """No returncode tells an orderly end: a handler, or a library of its, may say `exit(0)`."""
    table.note_running(0, _RAN)

    assert _ends(table) == ["failed", "returned", "returned"]


def test_a_process_that_had_stopped_and_hung_as_it_closed_leaves_nobody_charged(
    table: RunningTable,
) -> None:
    table.note_running(0, _RAN)
    table.note_stopped()

    assert _ends(table, returncode=-9, killing=closes_too_long())[0] == OutcomeKind.RELEASED


def test_who_ran_beyond_its_limit_is_guilty_even_so(table: RunningTable) -> None:
    table.note_running(0, _RAN)
    table.note_running(1, _BESIDE)
    table.note_stopped()

    kinds = _ends(table, returncode=-9, killing=overdue_jobs([_RAN]))

    assert kinds == ["failed", "released", "returned"]


def test_what_it_says_has_the_form_that_every_release_understands(table: RunningTable) -> None:
    table.note_running(0, _RAN)
    table.note_stopped()

    said = json.loads(json.dumps(death_of(table, 0, None), default=list))

    assert said == ["worker process ended with 0", [], [], "crashed", [["ran", "1-0"]]]
