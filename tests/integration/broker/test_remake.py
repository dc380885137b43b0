"""A job is made again in the place of an older copy: whatever named that, names nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.broker.ledger.ledger_repair import RedisLedgerRepair
from backend.broker.ledger.ledger_view import RedisLedgerView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import QueueName
from backend.domain.ledger.ledger import LiveFacts, Places
from backend.domain.ledger.ledger_ports import RestorableJob
from tests.contract.broker.jobs import new_job
from tests.integration.broker.audit import Audit
from tests.integration.broker.bench import Bench

ACME = {"tenant": "acme"}
NEWER = '{"name":"Eve"}'


def _seen(bench: Bench, job_id: str) -> tuple[LiveFacts, Places]:
    view = RedisLedgerView(bench.redis, bench.keys)
    list(view.jobs())
    facts = view.facts([job_id])[job_id]
    return facts, view.places([facts])[job_id]


def _remake(bench: Bench, job_id: str, how: str = "queued", **fields: Any) -> bool:
    """As the record has it: with another payload, one attempt more, and where it says."""
    seen, places = _seen(bench, job_id)
    bench.tampered = True
    return _remade(bench, seen, places, how, **fields)


def _remade(bench: Bench, seen: LiveFacts, places: Places, how: str, **fields: Any) -> bool:
    job = new_job(seen.job_id, **{"payload": NEWER, **fields})
    made = RestorableJob(job, JobState(how), 1, 1000, 1, failures=0, ended_ms=2000)
    repair = RedisLedgerRepair(bench.redis, bench.keys)
    return repair.remake(seen, places, made, has_checkpoint=False)


def _misfits(bench: Bench) -> list[str]:
    return Audit(bench.redis, bench.keys).misfits()


def _in_line(bench: Bench) -> None:
    bench.functions.call("fairness", "ada", "", "normal", '{"by":"tenant"}', 100)
    bench.seed(new_job("a", options=ACME), new_job("b", options={"tenant": "else"}))


def _behind_a_limit(bench: Bench) -> None:
    bench.functions.call("limit", "", "", "greet", 1)
    bench.seed(new_job("holds", job_type="greet"), new_job("a"), new_job("b"))
    bench.claim(9)


def _let_through(bench: Bench) -> None:
    bench.functions.call("limit", "", "", "greet", 1)
    bench.seed(new_job("holds", job_type="greet"), new_job("a"), new_job("b"))
    bench.settle(bench.claim(9)[0], "finished")
    assert bench.queue() == ["a"]


def _running(bench: Bench) -> None:
    bench.functions.call("limit", "", "", "greet", 1)
    bench.seed(new_job("a"), new_job("b"))
    bench.claim(9)


def _counted(bench: Bench) -> None:
    bench.functions.call("quota", "ada", "", "acme", '{"waiting":9,"running":1}')
    bench.seed(new_job("a", options=ACME), new_job("b", options=ACME))
    bench.claim(1)


def _dead(bench: Bench) -> None:
    bench.seed(new_job("a"), new_job("b"))
    bench.settle(bench.claim(1)[0], "failed", body="{}")


def _scheduled(bench: Bench) -> None:
    bench.seed(new_job("a", delay=1000), new_job("b"))


PLACES = [_in_line, _behind_a_limit, _let_through, _running, _counted, _dead, _scheduled]


@pytest.mark.parametrize("how", ["queued", "failed", "scheduled"])
@pytest.mark.parametrize("put", PLACES, ids=lambda put: str(put.__name__)[1:])
def test_it_is_where_the_record_says_and_nowhere_else(
    bench: Bench, put: Callable[[Bench], None], how: str
) -> None:
    put(bench)
    options = ACME if put in {_in_line, _counted} else {}

    assert _remake(bench, "a", how, options=options)

    assert _misfits(bench) == []
    assert bench.field("a", "status") == how
    assert bench.field("a", "data").endswith(f"{NEWER}],{{}}]")
    assert bench.count("failed") == int(how == "failed")
    assert bench.state().difference == 0


@pytest.mark.parametrize("put", PLACES, ids=lambda put: str(put.__name__)[1:])
def test_one_that_was_discarded_is_nowhere_and_keeps_nobody_waiting(
    bench: Bench, put: Callable[[Bench], None]
) -> None:
    put(bench)
    seen, places = _seen(bench, "a")
    bench.tampered = True

    repair = RedisLedgerRepair(bench.redis, bench.keys)
    assert repair.remake(seen, places, None, has_checkpoint=False)

    assert _misfits(bench) == []
    assert not bench.redis.exists(bench.keys.job("a"))
    assert (bench.count("failed"), bench.state().difference) == (1, 0)
    if put is not _behind_a_limit:
        assert "b" in [job.id for job in bench.claim(9)]


def test_it_is_counted_in_the_queue_to_which_it_was_moved(bench: Bench) -> None:
    bench.seed(new_job("a"))

    assert _remake(bench, "a", queue="high")

    assert bench.queue("high") == ["a"]
    assert [bench.count("accepted", name) for name in ("normal", "high")] == [0, 1]
    assert QueueName.parse(bench.field("a", "origin")) == QueueName.parse("high")


def test_what_its_caller_asked_for_and_who_waits_for_it_stay(bench: Bench) -> None:
    bench.seed(new_job("a", unique_key="k", unique_window=60.0, digest="d"))
    bench.redis.hset(bench.keys.job("a"), "asked:e", "1")
    bench.functions.call("await", "a")

    assert _remake(bench, "a", unique_key="k", unique_window=60.0, digest="d")

    fields = ("digest", "asked:d", "asked:e", "waiters")
    assert [bench.field("a", name) for name in fields] == ["d", "1", "1", "1"]


@pytest.mark.parametrize("how", ["failed", "discarded"])
def test_who_waits_for_one_that_ended_since_is_told(bench: Bench, how: str) -> None:
    bench.seed(new_job("a"))
    bench.functions.call("await", "a")
    if how == "failed":
        assert _remake(bench, "a", how)
    else:
        seen, places = _seen(bench, "a")
        bench.tampered = True
        repair = RedisLedgerRepair(bench.redis, bench.keys)
        assert repair.remake(seen, places, None, has_checkpoint=False)

    assert bench.members("rq:tally:done:a") == ["1"]


@pytest.mark.parametrize(("is_same", "kept"), [(True, '{"at":3}'), (False, None)])
def test_how_far_its_handler_came_holds_for_the_same_payload_alone(
    bench: Bench, kept: str | None, *, is_same: bool
) -> None:
    held = bench.started(job_id="a")
    bench.functions.call("checkpoint", "a", held.fence, '{"at":3}')
    seen, places = _seen(bench, "a")
    bench.tampered = True
    made = RestorableJob(new_job("a"), JobState.QUEUED, 1, 1000, 1, failures=0)

    repair = RedisLedgerRepair(bench.redis, bench.keys)
    assert repair.remake(seen, places, made, has_checkpoint=is_same)

    assert bench.field("a", "checkpoint") == kept
    assert bench.settle(held, "finished") == 0


MOVES: dict[str, Callable[[Bench], object]] = {
    "claimed": lambda bench: bench.claim(),
    "given back": lambda bench: bench.settle(bench.claim()[0], "returned"),
    "released": lambda bench: bench.settle(bench.claim()[0], "released"),
    "canceled": lambda bench: bench.cancel("a"),
    "moved": lambda bench: bench.reprioritise("a", "high"),
    "gone": lambda bench: bench.redis.delete(bench.keys.job("a")),
    "another payload": lambda bench: bench.redis.hset(bench.keys.job("a"), "data", "[]"),
    "other options": lambda bench: bench.redis.hset(bench.keys.job("a"), "options", '{"tags":[]}'),
    "another time": lambda bench: bench.make_due("a"),
}


@pytest.mark.parametrize("move", MOVES)
def test_one_that_has_moved_since_it_was_seen_is_left_alone(bench: Bench, move: str) -> None:
    if move == "another time":
        bench.scheduled(job_id="a")
    else:
        bench.seed(new_job("a"))
    seen, places = _seen(bench, "a")
    MOVES[move](bench)
    bench.tampered = True
    before = bench.snapshot()

    repair = RedisLedgerRepair(bench.redis, bench.keys)
    assert not _remade(bench, seen, places, "queued")
    assert not repair.remake(seen, places, None, has_checkpoint=False)
    assert not repair.remind(seen)

    assert bench.snapshot() == before


def test_a_heartbeat_is_no_move(bench: Bench) -> None:
    held = bench.started(job_id="a")
    seen, _ = _seen(bench, "a")
    bench.extend(held)

    assert RedisLedgerRepair(bench.redis, bench.keys).remind(seen)

    assert bench.extend(held) == [2]
