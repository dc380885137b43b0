"""An outcome that cannot be sent is its own job's trouble: neighbours are settled as they ended."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import pytest

from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import ClaimPlan
from tests.eventually import eventually
from tests.unit.runtime.attempts import claimed
from workers.runtime.slots import trip_request
from workers.runtime.slots.round_trips import _MOST_TRIPS, RoundTrips
from workers.runtime.slots.trip_request import TripRequest

DONE = Outcome(OutcomeKind.FINISHED, "1")


class Store:
    """Takes outcomes, but for those of one kind that it chokes on; it notes what it has settled."""

    def __init__(self, *refused: OutcomeKind, error: Exception | None = None) -> None:
        self._refused = refused
        self._error = error or ValueError("cannot encode")
        self.settled: dict[str, Outcome] = {}
        self.trips = 0

    def settle_and_claim(
        self,
        ended: Sequence[tuple[ClaimedJob, Outcome]],
        plan: Sequence[ClaimPlan],
        most: int,
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        self.trips += 1
        if any(outcome.kind in self._refused for _, outcome in ended):
            raise self._error
        self.settled |= {job.id: outcome for job, outcome in ended}
        return [SettleCode.SETTLED] * len(ended), [claimed(id="new")] * min(most, 1)


class Slow(Store):
    """Says which trip has arrived, and answers it when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived, self.go_on = SimpleQueue[str](), SimpleQueue[None]()

    def settle_and_claim(self, ended: Any, plan: Any, most: int) -> Any:
        self.arrived.put(ended[0][0].id)
        self.go_on.get(timeout=20)
        return super().settle_and_claim(ended, plan, most)


def _trade(store: Store, *ended: tuple[ClaimedJob, Outcome], most: int = 1) -> tuple[Any, int]:
    doubts: list[None] = []
    exchange = RoundTrips([store], lambda _most: (), lambda: doubts.append(None))
    return exchange.trade(ended, most), len(doubts)


def test_what_can_be_sent_takes_one_trip() -> None:
    store = Store()

    traded, doubts = _trade(store, (claimed(id="a"), DONE), (claimed(id="b"), DONE))

    assert (traded, doubts) == (([1, 1], [claimed(id="new")]), 0)
    assert store.trips == 1


def test_an_outcome_that_cannot_be_sent_becomes_its_jobs_permanent_failure() -> None:
    store = Store(OutcomeKind.SNOOZED)
    bad = Outcome(OutcomeKind.SNOOZED, run_seconds=2.5)

    traded, doubts = _trade(
        store, (claimed(id="a"), DONE), (claimed(id="bad"), bad), (claimed(id="b"), DONE)
    )

    assert (traded, doubts) == (([1, 1, 1], []), 1)
    assert (store.settled["a"], store.settled["b"]) == (DONE, DONE)
    failed = store.settled["bad"]
    assert (failed.kind, failed.run_seconds) == (OutcomeKind.FAILED, 2.5)
    assert failed.error is not None
    assert (failed.error.reason, failed.error.message) == (
        "outcome_unsendable",
        "the outcome (snoozed) cannot be kept: ValueError: cannot encode",
    )


def test_one_that_not_even_fails_is_lost_alone() -> None:
    store = Store(OutcomeKind.SNOOZED, OutcomeKind.FAILED)

    (codes, _), _ = _trade(
        store, (claimed(id="bad"), Outcome(OutcomeKind.SNOOZED)), (claimed(id="b"), DONE)
    )

    assert codes == [0, 1]
    assert store.settled == {"b": DONE}


def test_a_store_that_is_away_is_no_ones_fault() -> None:
    store = Store(OutcomeKind.FINISHED, error=QueueUnavailable("away"))

    with pytest.raises(QueueUnavailable):
        _trade(store, (claimed(id="a"), DONE), (claimed(id="b"), DONE))

    assert (store.settled, store.trips) == ({}, 1)


def test_a_claim_that_is_refused_is_told_to_who_asked() -> None:
    class Broken(Store):
        def settle_and_claim(self, *_: Any) -> Any:
            raise ValueError("no plan")

    with pytest.raises(ValueError, match="no plan"):
        _trade(Broken())


def test_who_carries_comes_to_its_own_job_after_a_few_trips() -> None:
    """Under a steady load it would else go on for others for ever; one of those carries then."""

    store = Slow()
    exchange = RoundTrips([store], lambda _most: (), lambda: None)
    with ThreadPoolExecutor() as threads:
        trades = []
        for trip in range(_MOST_TRIPS + 1):
            trades.append(threads.submit(exchange.trade, [(claimed(id=f"{trip}"), DONE)], 1))
            if trip:
                eventually(lambda: len(exchange._waiting) == 1)
                store.go_on.put(None)
            assert store.arrived.get(timeout=20) == f"{trip}"

        assert trades[0].result(20) == ([1], [claimed(id="new")])
        assert not trades[-1].done()
        store.go_on.put(None)
        assert [trade.result(20)[0] for trade in trades] == [[1]] * (_MOST_TRIPS + 1)
    assert store.trips == _MOST_TRIPS + 1


@pytest.mark.parametrize("is_late", [False, True])
def test_those_of_one_trip_let_each_other_go_and_all_at_once_behind_who_computes(
    is_late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wakes needs the interpreter, which one has at a time: twenty would wake to wait again."""
    monkeypatch.setattr(trip_request, "_LATE_SECONDS", -1.0 if is_late else float("inf"))
    let_go_by: list[int] = []
    answer = TripRequest.answer

    def noted(self: TripRequest) -> None:
        let_go_by.append(threading.get_ident())
        answer(self)

    store = Slow()
    exchange = RoundTrips([store], lambda _most: (), lambda: None)
    with ThreadPoolExecutor(21) as threads:
        first = threads.submit(exchange.trade, [(claimed(id="first"), DONE)], 1)
        assert store.arrived.get(timeout=20) == "first"
        others = [
            threads.submit(exchange.trade, [(claimed(id=f"{number}"), DONE)], 1)
            for number in range(20)
        ]
        eventually(lambda: len(exchange._waiting) == 20)
        monkeypatch.setattr(TripRequest, "answer", noted)
        for _ in range(2):
            store.go_on.put(None)
        assert {trade.result(20)[0][0] for trade in (first, *others)} == {1}

    counts = Counter(let_go_by)
    assert sum(counts.values()) == 20
    # Who carries answers one; the others are answered by those before them, or all by the first of them.
    assert counts[let_go_by[0]] == 1
    assert (len(counts) == 20) is not is_late
