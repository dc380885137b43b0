"""Places that are kept until a job has ended: holders that vanish, the ledger, and a Redis made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.broker.ledger.ledger_repair import RedisLedgerRepair
from backend.broker.ledger.ledger_view import RedisLedgerView
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger_ports import RestorableJob, Seat
from tests.eventually import eventually
from tests.integration.broker.bench import Bench, new_job

GATE = "key:crm:a"
SAID: dict[str, Any] = {"limit_key": "crm:a", "limit": 1}
KEPT: dict[str, Any] = {"options": {**SAID, "hold": True}, **SAID}


def _kept(bench: Bench, *job_ids: str) -> None:
    """The first one waits to be tried again, the others for its place."""
    bench.seed(*(new_job(job_id, **KEPT) for job_id in job_ids))
    [held] = bench.claim(9)
    bench.settle(held, "retried", delay=60_000)


def _holders(bench: Bench) -> list[str]:
    return sorted(member.decode() for member in bench.redis.smembers(bench.keys.holders(GATE)))


def test_the_place_of_one_that_was_deleted_is_free_for_who_comes_next(bench: Bench) -> None:
    _kept(bench, "a")
    bench.redis.zrem(bench.keys.schedule, "a")
    bench.remove_hash("a")
    bench.seed(new_job("b", **KEPT))

    assert [job.id for job in bench.claim(9)] == ["b"]
    assert _holders(bench) == ["b"]


def test_who_waits_for_it_goes_before_who_comes_next(bench: Bench) -> None:
    _kept(bench, "a", "b")
    bench.remove_hash("a")
    bench.seed(new_job("c", **KEPT))

    assert [job.id for job in bench.claim(9)] == ["b"]
    assert bench.parked(GATE) == ["c"]


def test_the_usher_lets_the_next_through_when_nobody_comes(bench: Bench) -> None:
    _kept(bench, "a", "b")
    assert bench.functions.call("usher", 10, 10) == 0
    bench.remove_hash("a")

    assert bench.functions.call("usher", 10, 10) == 1

    assert [job.id for job in bench.claim(9)] == ["b"]


def test_the_usher_leaves_a_place_with_one_that_waits_to_be_tried_again(bench: Bench) -> None:
    _kept(bench, "a", "b")

    assert bench.functions.call("usher", 10, 10) == 0

    assert (_holders(bench), bench.claim(9)) == (["a"], [])


def test_a_worker_that_died_keeps_no_place_of_a_job_that_ended(bench: Bench) -> None:
    bench.seed(new_job("a", **KEPT), new_job("b", **KEPT))
    [held] = bench.claim(9)

    assert bench.rescue(held, "poisoned") == 1

    assert [job.id for job in bench.claim(9)] == ["b"]


def test_the_ledger_finds_nothing_wrong_with_one_that_keeps_its_place(bench: Bench) -> None:
    _kept(bench, "a", "b")
    view = RedisLedgerView(bench.redis, bench.keys)

    facts = view.facts(["a", "b"])

    assert (facts["a"].kept_gate, facts["b"].kept_gate) == (GATE, "")
    assert (facts["a"].in_scheduled_registry, facts["a"].is_listed_dead) == (True, False)


def test_a_job_that_is_put_right_keeps_its_place(bench: Bench) -> None:
    _kept(bench, "a", "b")
    view = RedisLedgerView(bench.redis, bench.keys)
    bench.redis.zrem(bench.keys.registry("scheduled", "normal"), "a")
    seen = view.facts(["a"])["a"]

    places = {f"holders:{GATE}": 1}
    repair = RedisLedgerRepair(bench.redis, bench.keys)
    assert repair.reseat(seen, places, Seat(JobState.SCHEDULED, 1000, 0.0))

    assert (_holders(bench), bench.field("a", "gates")) == (["a"], f"{GATE}\nhold:{GATE}")
    assert bench.claim(9) == []


def test_one_that_ended_on_record_gives_it_back_when_it_is_put_right(bench: Bench) -> None:
    _kept(bench, "a", "b")
    bench.tampered = True
    seen = RedisLedgerView(bench.redis, bench.keys).facts(["a"])["a"]
    repair = RedisLedgerRepair(bench.redis, bench.keys)

    assert repair.reseat(seen, {f"holders:{GATE}": 1}, Seat(JobState.CANCELED, 0, 0.0))

    assert bench.field("a", "gates") is None
    assert [job.id for job in bench.claim(9)] == ["b"]


def _restored(job_id: str, attempt: int, state: JobState = JobState.QUEUED) -> RestorableJob:
    job = new_job(job_id, **KEPT)
    return RestorableJob(job, state, 1, 1000, attempt, failures=0)


def test_a_job_made_again_has_its_place_if_it_had_started(bench: Bench) -> None:
    repair = RedisLedgerRepair(bench.redis, bench.keys)
    bench.tampered = True

    repair.restore([_restored("a", 0), _restored("b", 2), _restored("c", 1)], count=True)

    assert _holders(bench) == ["b"]
    assert [job.id for job in bench.claim(9)] == ["b"]
    assert bench.parked(GATE) == ["a", "c"]


def test_a_dead_one_made_again_has_none(bench: Bench) -> None:
    bench.tampered = True

    RedisLedgerRepair(bench.redis, bench.keys).restore(
        [_restored("a", 2, JobState.FAILED)], count=True
    )

    assert _holders(bench) == []


def test_one_that_starts_in_the_same_claim_is_not_taken_for_gone(bench: Bench) -> None:
    bench.seed(new_job("a", **KEPT), new_job("b", **KEPT))

    assert [job.id for job in bench.claim(9)] == ["a"]
    assert (_holders(bench), bench.parked(GATE)) == (["a"], ["b"])


def _looks(bench: Bench, call: Callable[[], object]) -> int:
    """How many hashes it reads."""
    bench.redis.config_resetstat()
    call()
    stats: Any = bench.redis.info("commandstats")
    return int(stats["cmdstat_hmget"]["calls"])


def test_a_claim_looks_at_the_holders_of_a_key_once_however_many_wait_for_it(bench: Bench) -> None:
    said = KEPT | {"limit": 100, "options": KEPT["options"] | {"limit": 100}}
    bench.seed(*(new_job(**said) for _ in range(160)))
    assert len(bench.claim(100)) == 100

    looks = _looks(bench, lambda: bench.claim(60))

    assert len(bench.parked(GATE)) == 60
    assert looks <= 60 * 5 + 50


def test_the_usher_looks_at_some_of_very_many_holders_and_finds_one_that_is_gone(
    bench: Bench,
) -> None:
    bench.functions.call("limit", "", "", "greet", 300)
    ids = bench.seed(
        *(new_job(queue=queue) for queue in ("high",) * 300 + ("high", "normal", "low"))
    )
    while len(bench.parked("type:greet")) < 3:
        bench.claim(100)
    assert _looks(bench, lambda: bench.functions.call("usher", 100, 200)) <= 60

    bench.remove_hash(ids[0])

    eventually(lambda: bench.functions.call("usher", 100, 200) == 1)
