"""Whose fault it is that a child ended under its job: the job's own, unless all children were ended."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.job_type import JobType
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.one_slot import GREET, OneSlot
from workers.base_worker import JobContext, StopRequested
from workers.runtime.children.child_process import ChildGone
from workers.runtime.children.child_runner import ChildRunner


class _Slot:
    """Is let go."""

    def disarm(self) -> None:
        """Nothing is armed."""

    def rest(self, seconds: float) -> None:
        """It needs none."""


class _Child:
    """One that has been killed."""

    def say(self, frame: Any) -> None:
        raise ChildGone(-9)


class _Pool:
    """Has such children only."""

    def __init__(self, *, is_closing: bool) -> None:
        self.is_closing = is_closing

    def take(self) -> _Child:
        return _Child()

    def end(self, child: _Child) -> None:
        """It has ended."""


@pytest.mark.parametrize(
    ("is_closing", "kind"), [(False, OutcomeKind.CRASHED), (True, OutcomeKind.RELEASED)]
)
def test_a_job_whose_child_was_ended_with_all_others_is_given_back(
    is_closing: bool, kind: OutcomeKind
) -> None:
    pool: Any = _Pool(is_closing=is_closing)
    runner = ChildRunner(pool, JobType("greet", lambda _: None), "w")

    outcome = runner.run(claimed(), JobContext("a", "greet", 1), _Slot())

    assert outcome.kind is kind


class _SlowToBury(_Pool):
    """Its slot is told to stop meanwhile."""

    def __init__(self) -> None:
        super().__init__(is_closing=False)
        self.job = claimed()
        self.it = OneSlot(self.job, runner=ChildRunner(self, GREET, "w"))  # type: ignore[arg-type]
        self.buried = 0

    def end(self, child: _Child) -> None:
        self.it.slot.interrupt(self.job, StopRequested)
        for _ in range(1000):
            self.buried += 1


def test_no_interrupt_breaks_off_the_burial_of_a_child_that_died() -> None:
    pool = _SlowToBury()

    pool.it.slot.start()
    pool.it.slot.join(60)

    assert pool.buried == 1000
    assert pool.it.ended["a"].kind is OutcomeKind.CRASHED


class _Struck(_Slot):
    """Its interrupt comes in the very moment in which it is called off. There is one for each job."""

    def __init__(self) -> None:
        self.strikes = 1

    def disarm(self) -> None:
        if self.strikes:
            self.strikes -= 1
            raise StopRequested


class _Silent(_Child):
    """One that goes on."""

    def say(self, frame: Any) -> None:
        """Hears it."""

    def next_frame(self, _: float) -> None:
        """Says nothing."""


class _Counting(_Pool):
    """Notes which of its children it has ended."""

    def __init__(self, child: _Child) -> None:
        super().__init__(is_closing=False)
        self.child = child
        self.ended: list[_Child] = []

    def take(self) -> _Child:
        return self.child

    def end(self, child: _Child) -> None:
        self.ended.append(child)


@pytest.mark.parametrize(
    ("child", "kind"), [(_Silent(), OutcomeKind.RETRIED), (_Child(), OutcomeKind.CRASHED)]
)
def test_no_interrupt_that_comes_as_a_child_is_given_up_lets_it_go_on(
    child: _Child, kind: OutcomeKind
) -> None:
    pool: Any = _Counting(child)
    runner = ChildRunner(pool, JobType("greet", lambda _: None, grace=0.001), "w")
    job = claimed(timeout=0.001, max_attempts=3)

    outcome = runner.run(job, JobContext("a", "greet", 1), _Struck())

    assert pool.ended == [child]
    assert outcome.kind is kind
