"""A foreign hand deletes a running job (`Job.delete()`): its place under a limit is free for the next."""

from __future__ import annotations

import pytest

from backend.domain.jobs.job import ClaimedJob
from tests.integration.broker.bench import Bench, new_job


def _deleted_under(bench: Bench, gate: str) -> tuple[ClaimedJob, str]:
    """A running job with the only place of a limit, which is deleted, and one that waits for the place."""
    limits = {"limit_key": "k", "limit": 1} if gate == "key:k" else {}
    if gate == "type:greet":
        bench.functions.call("limit", "", "", "greet", 1)
    holder = bench.started(**limits)
    (waiting,) = bench.seed(new_job(**limits))
    assert bench.claim() == []
    bench.remove_hash(holder.id)
    return holder, waiting


both = pytest.mark.parametrize("gate", ["type:greet", "key:k"])


@both
def test_its_place_is_free_when_its_worker_says_how_it_ended(bench: Bench, gate: str) -> None:
    holder, waiting = _deleted_under(bench, gate)

    assert bench.settle(holder, "finished") == 0

    assert [job.id for job in bench.claim()] == [waiting]
    assert bench.redis.smembers(bench.keys.holders(gate)) == {waiting.encode()}


@both
def test_its_place_is_free_when_its_lease_ends(bench: Bench, gate: str) -> None:
    holder, waiting = _deleted_under(bench, gate)
    lease = bench.let_lease_end(holder.id)

    assert bench.rescue(holder, "released", lease=lease, only_expired=True) == 0

    assert [job.id for job in bench.claim()] == [waiting]


@both
def test_its_place_is_free_at_the_next_look_of_the_usher(bench: Bench, gate: str) -> None:
    _, waiting = _deleted_under(bench, gate)

    assert bench.functions.call("usher", 10, 10) == 1

    assert [job.id for job in bench.claim()] == [waiting]


@both
def test_who_runs_keeps_its_place(bench: Bench, gate: str) -> None:
    limits = {"limit_key": "k", "limit": 1} if gate == "key:k" else {}
    if gate == "type:greet":
        bench.functions.call("limit", "", "", "greet", 1)
    holder = bench.started(**limits)
    bench.seed(new_job(**limits))
    assert bench.claim() == []

    assert bench.functions.call("usher", 10, 10) == 0

    assert bench.redis.smembers(bench.keys.holders(gate)) == {holder.id.encode()}
    assert bench.complaints() == []
