"""A start whose handler never began is no attempt on record, however its events come there."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from backend.history.reading.history_store import PostgresHistoryStore
from tests.integration.broker.bench import ERROR, new_job
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import empty

ROW = (
    "SELECT status, attempt, fence, worker, started_at, enqueued_at = created_at AS waited_since"
    " FROM jobs WHERE id = :id"
)


def _row(chronicle: Chronicle) -> dict[str, Any]:
    return chronicle.rows(ROW, id="a")[0]


def _told(chronicle: Chronicle) -> list[tuple[str, int]]:
    history = PostgresHistoryStore(chronicle.engine).find("a")
    return [(str(line.kind), line.attempt) for line in history.timeline]


def test_a_job_that_was_only_claimed_has_not_started(chronicle: Chronicle) -> None:
    bench = chronicle.bench
    bench.seed(new_job("a"))
    bench.settle(bench.claim()[0], "returned")

    chronicle.record()

    assert _row(chronicle) == {
        "status": "queued",
        "attempt": 0,
        "fence": 0,
        "worker": None,
        "started_at": None,
        "waited_since": True,
    }
    assert chronicle.results("a") == []
    assert _told(chronicle) == [("enqueued", 0), ("claimed", 0), ("released", 0)]


def test_the_attempt_that_follows_is_the_first(chronicle: Chronicle) -> None:
    bench = chronicle.bench
    bench.seed(new_job("a"))
    bench.settle(bench.claim(worker="w1")[0], "returned")
    bench.settle(bench.claim(worker="w2")[0], "finished", body="1")

    chronicle.record()

    (result,) = chronicle.results("a")
    assert (result["attempt"], result["worker"], result["status"]) == (1, "w2", "finished")
    waited = result["started_at"] - chronicle.job("a")["created_at"]
    assert result["wait_ms"] == round(waited.total_seconds() * 1000)
    assert _told(chronicle) == [
        ("enqueued", 0),
        ("claimed", 0),
        ("released", 0),
        ("started", 1),
        ("finished", 1),
    ]


def test_in_whatever_order_it_is_told_the_row_tells_of_the_attempt_before(
    chronicle: Chronicle,
) -> None:
    """One batch each, as recorders that overtake each other would write them."""
    bench = chronicle.bench
    bench.seed(new_job("a"))
    bench.settle(bench.claim(worker="w1")[0], "suspected", body=ERROR)
    bench.settle(bench.claim(worker="w2")[0], "returned")
    events = chronicle.bench.events()
    assert [event.kind for event in events] == [
        *("enqueued", "started", "suspected", "started", "released")
    ]

    for order in [(4, 3, 2, 1, 0), *((0, *rest) for rest in itertools.permutations(range(1, 5)))]:
        for at in order:
            chronicle.write(events[at])

        row = chronicle.job("a")
        assert (row["status"], row["attempt"], row["worker"]) == ("queued", 1, "w1"), order
        assert len(chronicle.results("a")) == 1
        empty(chronicle.engine)


@pytest.mark.parametrize("split", [1, 2, 3])
def test_split_between_two_batches_it_is_the_same(chronicle: Chronicle, split: int) -> None:
    bench = chronicle.bench
    bench.seed(new_job("a"))
    bench.settle(bench.claim()[0], "returned")
    events = chronicle.bench.events()
    chronicle.write(*events)
    at_once = chronicle.everything()
    empty(chronicle.engine)

    chronicle.write(*events[:split])
    chronicle.write(*events[split:])

    assert chronicle.everything() == at_once
