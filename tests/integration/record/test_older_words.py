"""A Redis that came back with an older copy: what was said of its jobs since holds again."""

from __future__ import annotations

import json

import pytest

from tests.integration.broker.bench import ERROR
from tests.integration.record.bureau import Bureau
from tests.integration.record.older_copy import go_back, repair, take_copy

EVE = '["workers.runtime.trampoline.run",null,["greet",{"name":"Eve"}],{}]'


SAME = {"unique": "started", "unique_by": ["name"]}


def _payload(data: bytes) -> object:
    return json.loads(data)[2][1]


def _fail(bureau: Bureau) -> None:
    [held] = bureau.bench.claim()
    bureau.bench.settle(held, "failed", body=ERROR)


def _books(bureau: Bureau) -> list[int]:
    return [bureau.bench.count(what) for what in ("accepted", "failed", "finished")]


def _dead(bureau: Bureau) -> set[str]:
    return {job_id for job_id, _ in bureau.inspection.dead(0, 10)}


def test_a_job_that_was_resolved_since_is_dead_in_no_book(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="dead", max_retries=0))
    _fail(bureau)
    copy = take_copy(bureau)
    bureau.bench.discard("dead", how="resolved")
    go_back(bureau, copy)

    repair(bureau)

    assert _dead(bureau) == set()
    assert _books(bureau) == [1, 0, 1]


@pytest.mark.parametrize("books", ["have an older copy", "are gone"])
def test_what_has_come_and_died_since_is_in_the_books(bureau: Bureau, books: str) -> None:
    bureau.enqueue(bureau.job(job_id="first", priority="high"))
    copy = take_copy(bureau)
    bureau.enqueue(bureau.job(job_id="came", max_retries=0))
    bureau.enqueue(bureau.job(job_id="waits", delay=1000))
    [held] = bureau.bench.claim(1, ("normal",))
    bureau.bench.settle(held, "failed", body=ERROR)
    go_back(bureau, copy if books == "have an older copy" else [])

    repair(bureau)

    assert _books(bureau) == [2, 1, 0]
    assert bureau.bench.redrive("came") == [1]
    assert _books(bureau) == [2, 0, 0]
    bureau.record()
    assert bureau.ledger().reconcile().is_balanced


def test_what_died_before_the_copy_and_was_taken_away_is_counted_once(bureau: Bureau) -> None:
    bureau.enqueue(bureau.job(job_id="dead", max_retries=0))
    _fail(bureau)
    copy = take_copy(bureau)
    bureau.enqueue(bureau.job(job_id="came"))
    go_back(bureau, copy)
    bureau.redis.delete("rq:job:dead")

    repair(bureau)

    assert _books(bureau) == [2, 1, 0]
    assert _dead(bureau) == {"dead"}
