"""Async handlers in the test kit: they run to their end, whether the test itself has a loop or not."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tally import job_type
from tally.testing import QueueInTest, memory, run_job
from tests.unit.testing.conftest import SHOP
from tests.unit.testing.shop import SAID, Prices, ask_again, ask_price, wait_a_turn


def test_one_alone_runs_with_all_that_is_said_of_its_job() -> None:
    ran = run_job(ask_price, {"order_id": 17})

    assert ran.outcome == "finished"
    assert (ran.result["prices"], ran.result["same"]) == ([4, 5], True)
    assert ran.log == [("info", "asked order=17")]
    assert ran.progress == [(2, 2, "")]


def test_what_it_raises_is_raised_or_told() -> None:
    with pytest.raises(ValueError, match="bad luck"):
        run_job(ask_price, {"order_id": 13})

    ran = run_job(ask_price, {"order_id": 13}, raise_errors=False)
    assert (ran.outcome, str(ran.raised)) == ("retried", "bad luck")


class Unspeakable(Exception):
    """As those are whose `__repr__` shows what `__init__` had not set yet."""

    def __repr__(self) -> str:
        raise AttributeError("nothing to show")

    def __str__(self) -> str:
        raise SystemExit(3)


@job_type("speak")
async def speak(order: dict[str, int]) -> int:
    """Raises what cannot be shown, for order 13."""
    if order["order_id"] == 13:
        raise Unspeakable
    return order["order_id"]


def test_what_cannot_be_shown_is_told_and_the_next_one_runs() -> None:
    handler = signal.getsignal(signal.SIGINT)

    ran = run_job(speak, {"order_id": 13}, raise_errors=False)

    assert ran.error is not None
    assert (ran.error.error, ran.error.message) == ("Unspeakable", "(its text cannot be made)")
    assert run_job(speak, {"order_id": 17}).result == 17
    assert signal.getsignal(signal.SIGINT) is handler


def test_it_waits_for_drain_and_what_it_enqueues_runs_too(jobs: QueueInTest) -> None:
    ask_price.enqueue({"order_id": 17})

    ran = jobs.drain()

    assert [(job.job_type, job.outcome) for job in ran] == [
        ("ask_price", "finished"),
        ("send_receipt", "finished"),
    ]


def test_it_has_run_when_the_call_returns_that_enqueued_it(at_once: QueueInTest) -> None:
    job = ask_price.enqueue({"order_id": 17})

    assert job.result()["prices"] == [4, 5]
    assert [job.job_type for job in at_once.enqueued()] == ["ask_price", "send_receipt"]


async def _enqueue_in_a_loop() -> list[str]:
    jobs = [ask_price.enqueue({"order_id": 1}), await ask_price.aenqueue({"order_id": 2})]
    return [job.view().state for job in jobs]


def test_a_test_that_has_a_loop_itself_may_enqueue_as_well(at_once: QueueInTest) -> None:
    assert asyncio.run(_enqueue_in_a_loop()) == ["finished", "finished"]


def test_one_that_enqueues_another_within_its_loop_finds_it_run(at_once: QueueInTest) -> None:
    ask_again.enqueue({"order_id": 17})

    assert [job.state for job in map(at_once.job, _ids(at_once))] == ["finished"] * 3


def _ids(queue: QueueInTest) -> list[str]:
    return [job.id for job in queue.enqueued()]


@pytest.fixture
def prices() -> list[str]:
    """What the worker says of its life."""
    Prices.events.clear()
    return Prices.events


def test_its_worker_is_opened_and_closed_in_its_loop(prices: list[str]) -> None:
    assert run_job(Prices.look_up, {}).result is True

    assert prices == ["aopen", "aclose True", "close"]


def test_its_worker_lives_as_long_as_the_queue_of_the_test(prices: list[str]) -> None:
    with memory(job_packages=SHOP) as jobs:
        Prices.look_up.enqueue({})
        Prices.look_up.enqueue({})

        assert [ran.result for ran in jobs.drain()] == [True, True]

    assert prices == ["aopen", "aclose True", "close"]


def test_a_worker_that_could_not_be_opened_is_closed_and_opened_anew(
    prices: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: Prices) -> None:
        raise OSError("not there yet")

    with memory(job_packages=SHOP) as jobs:
        with monkeypatch.context() as away:
            away.setattr(Prices, "aopen", refuse)
            Prices.look_up.enqueue({})
            with pytest.raises(OSError, match="not there yet"):
                jobs.drain()
        Prices.look_up.enqueue({})

        assert jobs.drain()[-1].result is True

    assert prices == ["close", "aopen", "aclose True", "close"]


def _look_up_in_a_queue() -> None:
    with memory(job_packages=SHOP) as jobs:
        Prices.look_up.enqueue({})
        jobs.drain()


def test_a_worker_that_does_not_close_in_its_loop_is_closed_besides(
    prices: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_: Prices) -> None:
        raise OSError("stuck")

    monkeypatch.setattr(Prices, "aclose", refuse)
    with pytest.raises(OSError, match="stuck"):
        run_job(Prices.look_up, {})
    with pytest.raises(OSError, match="stuck"):
        _look_up_in_a_queue()

    assert prices == ["aopen", "close"] * 2


def test_tasks_that_it_leaves_behind_end_with_it(jobs: QueueInTest) -> None:
    for _ in range(2):
        wait_a_turn.delay()
        [ran] = jobs.drain()
        # Itself and the one it made: nothing of the job before.
        assert ran.result == 2

    assert SAID[1::2] == ["ended", "ended"]
