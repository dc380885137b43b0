"""A job that nobody can read fails for good, in threads and in the loop, and costs nobody his slot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.step_codes import SettleCode
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.loops import bench
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.job_contexts import context_of
from workers.runtime.attempts.known_types import KnownTypes
from workers.runtime.attempts.thread_runner import ThreadRunner
from workers.runtime.loop import loop_carrier
from workers.runtime.loop.loop_carrier import LoopCarrier
from workers.runtime.slots import slot as slots
from workers.runtime.slots.claim_order import ClaimOrder
from workers.runtime.slots.running_table import RunningTable
from workers.runtime.slots.slot import Slot
from workers.runtime.slots.slot_pool import SlotPool, no_tally

DAMAGED = [
    {"options": b'{"broken'},
    {"options": b'{"version":"two"}'},
    {"options": b"\xff\xfe\xff"},
    {"options": b"[1, 2]"},
    {"options": b"[" * 100_000},
    {"damage": "ValueError: no number"},
]
each_damage = pytest.mark.parametrize("damage", DAMAGED, ids=lambda damage: repr(damage)[:40])


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slots rest for no time after something that nobody thought of."""
    for module in (slots, loop_carrier):
        monkeypatch.setattr(module, "PAUSE_SECONDS", 0.0)


class _Desk:
    """Hands jobs out and notes how each ended; when all have, the pool stops."""

    slot_pool: SlotPool

    def __init__(self, *waiting: ClaimedJob) -> None:
        self.waiting = list(waiting)
        self.ended: dict[str, Outcome] = {}

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Any, most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        self.ended |= {job.id: outcome for job, outcome in ended}
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return [SettleCode.SETTLED] * len(ended), taken

    def claim_when_woken(self, plan: Any, most: int, timeout: float) -> list[ClaimedJob]:
        self.slot_pool.stop()
        return []

    def end(self) -> None:
        """Nothing is waited for."""


def _worked_off(
    desk: _Desk,
    make_context: Callable[[ClaimedJob], JobContext] = lambda job: context_of(job, "w"),
    tally: Callable[[Any], None] = no_tally,
) -> list[Any]:
    """One slot does all of it, in this thread; the lines that it logs."""
    runner = ThreadRunner(attempt.prepare(JobType("greet", lambda _: 42), None))
    desk.slot_pool = SlotPool(
        worker="w",
        dispatches=[desk],
        order=ClaimOrder(["default"], {}),
        calls=desk,
        known=KnownTypes({"greet": 1}, {"greet": runner}, {"greet": runner}, patience_seconds=60),
        running_table=RunningTable.create(1),
        make_context=make_context,
        batch_seconds=10,
        batch_limit=1,
        tally=tally,
    )
    with capture_logs() as lines:
        Slot(0, desk.slot_pool).run()
    return lines


@each_damage
def test_a_job_that_cannot_be_read_fails_and_its_slot_goes_on(damage: dict[str, Any]) -> None:
    desk = _Desk(claimed(id="bad", **damage), claimed(id="good"))

    lines = _worked_off(desk)

    assert desk.ended["bad"].kind is OutcomeKind.FAILED
    assert desk.ended["bad"].error is not None
    assert desk.ended["bad"].error.reason == "malformed_job"
    assert desk.ended["good"].result == "42"
    assert [line["reason"] for line in lines if line["event"] == "job.died"] == ["malformed_job"]


def test_whatever_is_raised_around_an_attempt_is_its_jobs_and_is_told() -> None:
    def broken(job: ClaimedJob) -> JobContext:
        context = context_of(job, "w")
        if job.id == "bad":
            context.catch_up = lambda: 1 / 0  # type: ignore[assignment, return-value]
            del context.canceled
        return context

    desk = _Desk(claimed(id="bad", data=b"{"), claimed(id="good"))

    lines = _worked_off(desk, broken)

    assert desk.ended["bad"].kind is OutcomeKind.RETRIED
    assert desk.ended["good"].result == "42"
    assert [line["job_id"] for line in lines if line["event"] == "slot.raised"] == ["bad"]


def test_a_slot_goes_on_after_a_round_trip_around_which_something_broke() -> None:
    def broken(_ended: Any) -> None:
        raise ZeroDivisionError

    desk = _Desk(claimed(id="a"), claimed(id="b"))

    lines = _worked_off(desk, tally=broken)

    assert [outcome.result for outcome in desk.ended.values()] == ["42", "42"]
    assert {line["event"] for line in lines} == {"outcome.untold", "slot.left"}


@pytest.mark.parametrize("damage", DAMAGED[:-1], ids=lambda damage: repr(damage)[:40])
def test_a_job_that_cannot_be_read_fails_and_the_loop_goes_on(damage: dict[str, Any]) -> None:
    async def answer(_: Any) -> int:
        return 42

    with bench({"answer": answer}) as it:
        it.queue.add("answer", **damage)
        it.queue.add("answer")
        it.jobs.start(it.queue.waiting, it.jobs.places.promise(2))

        bad, good = sorted(it.settle(2), key=lambda outcome: outcome.result)

    assert (bad.kind, good.result) == (OutcomeKind.FAILED, "42")
    assert bad.error is not None
    assert bad.error.reason == "malformed_job"


def test_a_job_around_whose_beginning_something_breaks_leaves_the_loop_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answer(_: Any) -> int:
        return 42

    with bench({"answer": answer}) as it, capture_logs() as lines:
        it.queue.add("answer", 2)
        listen = it.jobs.progress.listen

        def broken(context: JobContext) -> None:
            if context.job_id == "answer-0":
                raise ZeroDivisionError
            listen(context)

        monkeypatch.setattr(it.jobs.progress, "listen", broken)
        it.jobs.start(it.queue.waiting, it.jobs.places.promise(2))

        outcomes = it.settle(2)

    assert sorted(outcome.result for outcome in outcomes) == ["", "42"]
    assert it.pool.held() == []
    assert [line["job_id"] for line in lines if line["event"] == "loop.raised"] == ["answer-0"]


def test_a_carrier_goes_on_after_a_settlement_that_raised() -> None:
    class Over(BaseException):
        """Ends the carrier's thread."""

    asked: list[int] = []

    class Jobs:
        def next_ended(self, most: int) -> list[Any]:
            asked.append(most)
            if len(asked) > 2:
                raise Over
            return [object()]

    class Pool:
        in_doubt = False

        def settle(self, slots: Any) -> None:
            raise ZeroDivisionError

    pool: Any = Pool()
    jobs: Any = Jobs()
    with pytest.raises(Over), capture_logs() as lines:
        LoopCarrier(1, pool, jobs).run()

    assert [line["event"] for line in lines] == ["carrier.raised"] * 2
    assert pool.in_doubt
