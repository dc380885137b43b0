"""The ``checkpoint`` step: what one attempt leaves for the next."""

from __future__ import annotations

from backend.broker.jobs.checkpoints import RedisCheckpoints
from backend.broker.jobs.codec import data_of
from tests.integration.broker.bench import Bench


def _checkpoints(bench: Bench) -> RedisCheckpoints:
    return RedisCheckpoints(bench.redis, bench.keys)


def test_what_an_attempt_keeps_later_attempts_find(bench: Bench) -> None:
    checkpoints, first = _checkpoints(bench), bench.started()
    assert checkpoints.load(first.id) == ""

    assert checkpoints.save(first.id, first.fence, '{"served": ["a"]}')
    bench.settle(first, "retried", delay=1000)
    bench.make_due(first.id)
    bench.promote()
    (second,) = bench.claim()

    assert checkpoints.load(second.id) == '{"served": ["a"]}'
    assert checkpoints.save(second.id, second.fence, "[2]")
    assert checkpoints.load(second.id) == "[2]"


def test_it_outlives_death_and_redrive(bench: Bench) -> None:
    checkpoints, dead = _checkpoints(bench), bench.started()
    checkpoints.save(dead.id, dead.fence, "1")
    bench.settle(dead, "failed")

    bench.redrive(dead.id)
    assert checkpoints.load(dead.id) == "1"


def test_it_says_nothing_about_another_payload(bench: Bench) -> None:
    checkpoints, dead = _checkpoints(bench), bench.started()
    checkpoints.save(dead.id, dead.fence, "1")
    bench.settle(dead, "failed")

    bench.redrive(dead.id, data=data_of("greet", '{"other":1}'))

    assert checkpoints.load(dead.id) == ""


def test_who_lost_the_lease_may_keep_nothing(bench: Bench) -> None:
    checkpoints, sleeper = _checkpoints(bench), bench.started()
    bench.settle(sleeper, "released")
    bench.claim(worker="w2")
    before = bench.snapshot()

    assert not checkpoints.save(sleeper.id, sleeper.fence, "1")

    assert bench.snapshot() == before


def test_nothing_is_kept_after_the_end_or_for_a_job_nobody_knows(bench: Bench) -> None:
    checkpoints, finished, gone = _checkpoints(bench), bench.started(), bench.started()
    bench.settle(finished, "finished")
    bench.remove_hash(gone.id)

    assert not checkpoints.save(finished.id, finished.fence, "1")
    assert not checkpoints.save(gone.id, gone.fence, "1")

    assert not bench.redis.exists(bench.keys.job(gone.id))
