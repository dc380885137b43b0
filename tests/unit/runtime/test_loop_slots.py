"""What is claimed for the event loop begins there, and never more than it has places for."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from typing import Any

import pytest

from backend.domain.errors import ConfigurationError
from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.telemetry.metrics.job_counts import JobCounts
from backend.telemetry.metrics.metric_catalogue import LOOP_BLOCKS
from tests.unit.runtime.loops import bench
from workers.base_worker import JobContext, StopRequested, TimeLimitReached
from workers.runtime.loop.event_loops import loop_maker
from workers.runtime.loop.loop_watch import LoopWatch


async def _answer(_: dict[str, Any]) -> int:
    return 42


async def _wait(_: dict[str, Any]) -> None:
    await asyncio.Event().wait()


async def _wait_and_fail(_: dict[str, Any]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise ValueError("while it ended")


async def _cancel_itself(_: dict[str, Any]) -> None:
    raise asyncio.CancelledError


def _plain(_: dict[str, Any]) -> None:
    """In a thread."""


def test_of_what_a_slot_claims_async_jobs_go_to_the_loop() -> None:
    with bench({"answer": _answer, "plain": _plain}) as it:
        it.queue.add("answer")
        it.queue.add("plain")
        it.queue.add("answer")

        left = it.pool.exchange([], 3)

        assert [job.job_type for job in left] == ["plain"]
        assert [outcome.result for outcome in it.settle(2)] == ["42", "42"]


def test_a_suspect_and_what_nobody_here_knows_are_left_to_the_slot() -> None:
    with bench({"answer": _answer}) as it:
        it.queue.add("answer", suspect=True)
        it.queue.add("stranger")
        it.queue.add("answer", options=b'{"version":7}')

        assert len(it.pool.exchange([], 3)) == 3


def test_no_claim_asks_for_more_than_there_are_places() -> None:
    with bench({"wait": _wait}, slots=3) as it:
        it.queue.add("wait", 10)

        it.pool.exchange([], 2)
        it.pool.exchange([], 2)
        it.pool.exchange([], 2)

        # The third had nothing to ask for.
        assert it.queue.asked == [2, 1]
        assert [len(slot.held()) for slot in it.jobs.slots] == [1, 1, 1]


def test_while_all_that_comes_is_async_one_claim_takes_what_there_is_room_for() -> None:
    with bench({"answer": _answer}, slots=50) as it:
        it.queue.add("answer", 200)

        it.pool.exchange([], 1)
        it.pool.exchange([], 1)
        it.settle(200)

        # 49 at the second claim; and whoever settles claims as many again in the same trip.
        assert it.queue.asked[:2] == [1, 49]
        assert max(it.queue.asked) == 50
        assert sum(it.queue.asked) >= 200
        assert {outcome.kind for _, outcome in it.queue.settled} == {OutcomeKind.FINISHED}


def test_plain_jobs_beyond_what_a_slot_wants_go_back_to_the_queue() -> None:
    with bench({"answer": _answer, "plain": _plain}, slots=50) as it:
        it.queue.add("answer")
        it.pool.exchange([], 1)
        it.queue.add("plain", 8)

        left = it.pool.exchange([], 3)

        assert [job.id for job in left] == ["plain-0", "plain-1", "plain-2"]
        returned = [(job_id, out.kind) for job_id, out in it.queue.settled]
        # The last one first: each goes to the front.
        assert returned == [(f"plain-{n}", OutcomeKind.RETURNED) for n in range(7, 2, -1)]


def test_one_who_listens_to_a_full_loop_is_called_when_it_has_room() -> None:
    with bench({"wait": _wait}, slots=1) as it:
        it.queue.add("wait")
        it.pool.exchange([], 1)
        found: list[Any] = []
        listener = threading.Thread(target=lambda: found.append(it.pool._listen(1)))
        listener.start()

        it.turn()
        [slot] = it.jobs.slots
        assert slot.running is not None
        slot.interrupt(slot.running, StopRequested)
        it.settle(1)
        listener.join()

        # Who heard nothing asks: something may have come meanwhile.
        assert found in ([None], [[]])


def test_a_job_that_has_not_begun_can_be_given_back() -> None:
    with bench({"answer": _answer}, slots=2) as it:
        gate = threading.Event()
        it.thread.call(gate.wait)
        it.queue.add("answer", 2)
        it.pool.exchange([], 2)

        given_up = [job for slot in it.jobs.slots for job in slot.give_up_batch()]
        gate.set()
        it.turn()

        assert len(given_up) == 2
        assert all(slot.is_over for slot in it.jobs.slots)
        assert it.jobs.places.promise(5) == 2


@pytest.mark.parametrize(
    ("raised", "kind", "reason", "word"),
    [
        (TimeLimitReached, OutcomeKind.FAILED, "timeout", "timeout"),
        (StopRequested, OutcomeKind.RELEASED, "stopped", "lease_lost"),
    ],
)
def test_a_task_is_cancelled_for_a_reason_and_ends_by_it(
    raised: type[BaseException], kind: OutcomeKind, reason: str, word: str
) -> None:
    with bench({"wait": _wait}) as it:
        it.queue.add("wait")
        it.pool.exchange([], 1)
        it.turn()
        slot = next(slot for slot in it.jobs.slots if slot.running)
        job = slot.running
        assert job is not None

        assert slot.interrupt(job, raised)
        assert not slot.interrupt(job, raised)
        [outcome] = it.settle(1)

        assert outcome.error is not None
        assert (outcome.kind, outcome.error.reason) == (kind, reason)
        assert it.contexts[job.id].stop_reason == word


def test_what_it_raises_instead_is_what_it_failed_by() -> None:
    with bench({"fail": _wait_and_fail}) as it:
        it.queue.add("fail")
        it.pool.exchange([], 1)
        it.turn()
        slot = next(slot for slot in it.jobs.slots if slot.running)
        slot.force_to_end(slot.held()[0])

        [outcome] = it.settle(1)

        assert outcome.error is not None
        assert outcome.error.message == "while it ended"


async def _swallow(_: dict[str, Any], context: JobContext) -> None:
    context.log.info("as far as the gate")
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if context.stop_reason == "":
            return


def test_an_attempt_that_is_given_up_keeps_its_log_and_frees_its_slot() -> None:
    with bench({"swallow": _swallow}, slots=1) as it:
        it.queue.add("swallow")
        it.pool.exchange([], 1)
        it.turn()
        [slot] = it.jobs.slots
        job, context = slot.running, slot.context
        assert job is not None
        assert context is not None
        slot.force_to_end(job)
        it.turn()

        it.thread.call(it.jobs.strays.look, time.monotonic() + 4)
        it.turn()
        assert slot.running is job
        it.thread.call(it.jobs.strays.look, time.monotonic() + 6)
        [outcome] = it.settle(1)

        assert outcome.kind is OutcomeKind.RELEASED
        assert "as far as the gate" in outcome.log
        assert (it.jobs.has_too_many_strays, it.jobs.places.promise(5)) == (True, 1)
        # It may end now.
        context.stop_reason = ""


def test_a_cancellation_of_its_own_is_an_error_like_others() -> None:
    with bench({"cancel": _cancel_itself}) as it:
        it.queue.add("cancel")
        it.pool.exchange([], 1)

        [outcome] = it.settle(1)

        assert outcome.error is not None
        assert (outcome.kind, outcome.error.error) == (OutcomeKind.FAILED, "CancelledError")


def test_what_the_loop_runs_stands_in_the_running_table_until_it_is_settled() -> None:
    with bench({"wait": _wait}, slots=300) as it:
        it.queue.add("wait", 100)
        it.pool.exchange([], 100)
        it.turn()

        assert len(it.table.running()) == 100
        # A time limit is no reason to kill what runs beside it.
        assert {entry.hard_deadline for entry in it.table.running()} == {0.0}

        for slot in it.jobs.slots:
            if slot.running:
                slot.stop(slot.running)
        it.settle(100)
        assert it.table.running() == it.table.ended() == []


async def _block(gate: threading.Event, blocks: threading.Event) -> None:
    blocks.set()
    gate.wait(60)


def test_who_blocks_the_loop_is_named_in_its_own_log_with_the_line() -> None:
    gate, blocks = threading.Event(), threading.Event()

    async def block(_: dict[str, Any], context: JobContext) -> None:
        await asyncio.create_task(_block(gate, blocks))

    with bench({"block": block, "wait": _wait}) as it:
        it.queue.add("wait")
        it.queue.add("block")
        it.pool.exchange([], 2)
        assert blocks.wait(60)
        watch = LoopWatch("w", it.jobs, patience_seconds=0.001)

        watch.complain(100.0, 2.0)
        gate.set()
        [outcome] = it.settle(1)

        assert "this handler blocks the event loop" in outcome.log
        assert "gate.wait(60)" in outcome.log
        assert it.contexts["wait-0"].written is None


def test_time_for_which_another_blocked_the_loop_is_on_nobodys_clock() -> None:
    gate, blocks = threading.Event(), threading.Event()

    async def block(_: dict[str, Any]) -> None:
        await _block(gate, blocks)

    with bench({"block": block, "wait": _wait}) as it:
        it.queue.add("wait", timeout=5.0)
        it.queue.add("block", timeout=5.0)
        it.pool.exchange([], 2)
        assert blocks.wait(60)
        counts = JobCounts("default", ["block", "wait"])
        watch = LoopWatch("w", it.jobs, counts, patience_seconds=1000)
        running = {slot.running.job_type: slot for slot in it.jobs.slots if slot.running}
        waits, blocker = running["wait"], running["block"]
        job, limits = waits.running, (waits.soft_deadline, blocker.soft_deadline)
        assert job is not None

        watch.complain(0.0, 7.0)
        assert not waits.interrupt(job, TimeLimitReached)
        watch.relieve(7.0)

        assert (waits.soft_deadline, blocker.soft_deadline) == (limits[0] + 7.0, limits[1])
        assert waits.interrupt(job, TimeLimitReached)
        gate.set()
        it.settle(2)

        # One that does not block is none, and each is counted at its end.
        watch.complain(0.0, 0.1)
        watch.relieve(0.1)
        [(labels, spread)] = counts.snapshot().spreads.items()
        assert labels == (LOOP_BLOCKS.name, ("default", "block"))
        assert (sum(spread.buckets), spread.total) == (1, 7.0)


def test_only_who_blocks_the_loop_beyond_its_own_limit_is_to_be_killed_for() -> None:
    gate, blocks = threading.Event(), threading.Event()

    async def block(_: dict[str, Any]) -> None:
        await _block(gate, blocks)

    with bench({"block": block, "wait": _wait}) as it:
        it.queue.add("wait", 2)
        it.queue.add("block", timeout=1.0)
        it.pool.exchange([], 3)
        assert blocks.wait(60)
        watch = LoopWatch("w", it.jobs, patience_seconds=1000)
        culprit = next(s for s in it.jobs.slots if s.running and s.running.job_type == "block")

        watch.complain(culprit.hard_deadline - 0.5, 29.0)
        watch.complain(culprit.hard_deadline - 0.5, 31.0)
        watch.complain(culprit.hard_deadline + 0.5, 29.0)
        assert [entry for entry in it.table.running() if entry.hard_deadline] == []

        watch.complain(culprit.hard_deadline + 0.5, 31.0)
        gate.set()

        condemned = [entry for entry in it.table.running() if entry.hard_deadline]
        assert [entry.job_id for entry in condemned] == ["block-2"]


def test_all_of_it_holds_on_uvloop() -> None:
    pytest.importorskip("uvloop")
    gate, blocks = threading.Event(), threading.Event()

    async def block(_: dict[str, Any]) -> None:
        await asyncio.create_task(_block(gate, blocks))

    with bench({"answer": _answer, "wait": _wait, "block": block}, loop="uvloop") as it:
        it.queue.add("wait")
        it.queue.add("answer")
        it.queue.add("block")
        it.pool.exchange([], 3)
        assert blocks.wait(60)
        LoopWatch("w", it.jobs, patience_seconds=0.001).complain(100.0, 2.0)
        gate.set()
        waiting = next(
            s.running for s in it.jobs.slots if s.running and s.running.job_type == "wait"
        )
        next(s for s in it.jobs.slots if s.running is waiting).stop(waiting)
        it.settle(3)

        ended = {job_id: (outcome.kind.value, outcome.log) for job_id, outcome in it.queue.settled}
        assert ended["wait-0"] == ("released", "")
        assert ended["answer-1"] == ("finished", "")
        assert "blocks the event loop" in ended["block-2"][1]


def test_a_loop_that_is_not_installed_is_refused_with_the_cure() -> None:
    with pytest.raises(ConfigurationError, match=r'pip install "tally-queue\[uvloop\]"'):
        loop_maker("no_such_loop")
