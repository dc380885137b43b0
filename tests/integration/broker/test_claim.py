"""The ``claim`` step."""

from __future__ import annotations

import math

from backend.domain.jobs.job_event import version_of
from tests.integration.broker.bench import Bench, new_job


def test_a_claimed_job_has_a_lease_a_fence_and_its_mirror_in_rqs_registry(bench: Bench) -> None:
    bench.seed(new_job("a"))

    job = bench.claim(lease=60_000)[0]

    assert (job.id, job.attempt, job.failures, job.queue, job.job_type) == (
        "a",
        1,
        0,
        "normal",
        "greet",
    )
    assert bench.field("a", "status") == "started"
    assert bench.field("a", "worker_name") == "w1"
    assert bench.field("a", "fence") == job.fence
    assert bench.registry("wip") == {f"a:{job.fence}": math.inf}
    seconds, _ = bench.redis.time()
    assert 55 < bench.redis.zscore(bench.keys.leases, "a") / 1000 - seconds <= 61
    assert bench.events("a")[-1].id == job.fence
    assert bench.queue() == []


def test_fences_only_grow(bench: Bench) -> None:
    bench.seed(*[new_job() for _ in range(10)])

    versions = [version_of(bench.claim()[0].fence) for _ in range(10)]

    assert versions == sorted(set(versions))


def test_high_comes_before_normal_before_low(bench: Bench) -> None:
    bench.seed(new_job("l", "low"), new_job("n", "normal"), new_job("h", "high"))

    assert [job.id for job in bench.claim(3)] == ["h", "n", "l"]


def test_a_guaranteed_share_comes_first_and_the_rest_stays_strict(bench: Bench) -> None:
    bench.seed(*[new_job(f"h{n}", "high") for n in range(5)], new_job("l", "low"))

    claimed = [job.id for job in bench.claim(3, guaranteed={"low": 1})]

    assert sorted(claimed) == ["h0", "h1", "l"]


def test_a_queue_is_first_in_first_out(bench: Bench) -> None:
    ids = bench.seed(*[new_job() for _ in range(7)])

    assert [job.id for job in bench.claim(7)] == ids


def test_nothing_is_claimed_from_a_paused_queue_lane_or_while_suspended(bench: Bench) -> None:
    bench.seed(new_job("a", "normal"), new_job("b", "high:email"))
    both = ("high:email", "normal")

    bench.functions.call("pause", "queue:normal")
    bench.functions.call("pause", "lane:email")
    assert bench.claim(2, both) == []

    bench.functions.call("resume", "queue:normal", "", "", 10)
    bench.functions.call("resume", "lane:email", "", "", 10)
    bench.redis.set(bench.keys.suspended, 1)
    assert bench.claim(2, both) == []

    bench.redis.delete(bench.keys.suspended)
    assert len(bench.claim(2, both)) == 2


def test_a_job_of_a_paused_type_waits_aside_and_lets_others_pass(bench: Bench) -> None:
    bench.seed(new_job("a"), new_job("b", job_type="other"))
    bench.functions.call("pause", "type:greet")

    assert [job.id for job in bench.claim(2)] == ["b"]

    assert bench.members(bench.keys.parked("paused:greet")) == ["a"]
    assert bench.count("parked") == 1
    assert bench.field("a", "status") == "queued"


def test_a_type_at_its_limit_waits_aside_until_a_slot_is_free(bench: Bench) -> None:
    bench.functions.call("limit", "", "", "greet", 1)
    bench.seed(new_job("a"), new_job("b"), new_job("c"))

    first = bench.claim(3)
    assert [job.id for job in first] == ["a"]
    assert bench.count("parked") == 2

    bench.settle(first[0], "finished")
    assert [job.id for job in bench.claim(3)] == ["b"]


def test_a_limit_key_is_shared_between_queues_and_types(bench: Bench) -> None:
    same = {"limit_key": "customer-7", "limit": 2}
    bench.seed(
        new_job("a", "high", **same),
        new_job("b", "normal", job_type="other", **same),
        new_job("c", "low", **same),
        new_job("d", "low"),
    )

    assert sorted(job.id for job in bench.claim(10)) == ["a", "b", "d"]
    assert bench.redis.scard(bench.keys.holders("key:customer-7")) == 2


def test_an_expired_job_is_canceled_and_never_runs(bench: Bench) -> None:
    from datetime import UTC, datetime, timedelta

    bench.seed(new_job("a", expires_at=datetime.now(UTC) - timedelta(seconds=1)))

    assert bench.claim() == []
    assert bench.field("a", "status") == "canceled"
    assert bench.events("a")[-1].body == "expired"
    assert bench.count("canceled") == 1


def test_an_entry_without_a_runnable_job_is_dropped_with_an_event(bench: Bench) -> None:
    bench.put_in_queue("ghost")
    bench.seed(new_job("a"))
    bench.put_in_queue("a")

    assert [job.id for job in bench.claim(5)] == ["a"]
    assert bench.kinds("ghost") == ["dropped"]
    assert bench.kinds("a")[-1] == "dropped"


def test_wake_tokens_vanish_only_when_nothing_is_left(bench: Bench) -> None:
    bench.seed(new_job(), new_job())

    bench.claim(1)
    assert bench.redis.llen(bench.keys.wake("default")) == 2

    bench.claim(2)
    assert bench.redis.llen(bench.keys.wake("default")) == 0


def test_one_call_looks_at_a_bounded_number_of_ids(bench: Bench) -> None:
    bench.functions.call("pause", "type:greet")
    bench.seed(*[new_job() for _ in range(500)])

    assert bench.claim(1) == []
    assert len(bench.queue()) >= 300


def _claims_until_something_comes(bench: Bench, most: int) -> list[int]:
    """How many waited before each claim of an idle worker, which makes one for each wake token."""
    looked = []
    while bench.redis.lpop(bench.keys.wake("default")) is not None:
        looked.append(len(bench.queue()))
        if bench.claim(most):
            break
    return looked


def test_a_worker_behind_a_long_backlog_of_a_paused_type_is_called_for_each_next_look(
    bench: Bench,
) -> None:
    """Its tokens are fewer than such a backlog has pages; without one more it would wait 5 s for each."""
    bench.functions.call("pause", "type:greet")
    for _ in range(10):
        bench.seed(*[new_job() for _ in range(100)])
    urgent = bench.seed(new_job(job_type="urgent"))[0]
    bench.redis.ltrim(bench.keys.wake("default"), 0, 0)

    assert _claims_until_something_comes(bench, 1) == [1001, 801, 601, 401, 201, 1]

    assert bench.field(urgent, "status") == "started"


def test_a_look_that_brought_less_than_was_asked_for_calls_for_the_next(bench: Bench) -> None:
    bench.seed(new_job(job_type="urgent"))
    bench.functions.call("pause", "type:greet")
    bench.seed(*[new_job() for _ in range(300)])
    bench.redis.delete(bench.keys.wake("default"))

    assert len(bench.claim(2)) == 1
    assert bench.wake_tokens() == 1


def test_every_lane_of_the_caller_is_called_for_the_next_look_once(bench: Bench) -> None:
    bench.functions.call("pause", "type:greet")
    bench.seed(*[new_job(queue="normal:mail") for _ in range(600)])
    bench.redis.delete(bench.keys.wake("mail"))
    claim = {"queues": ("normal", "normal:mail"), "lanes": ("default", "mail")}

    assert [bench.claim(**claim), bench.claim(**claim)] == [[], []]

    assert (bench.wake_tokens(), bench.wake_tokens("mail")) == (1, 1)


def test_nobody_is_called_any_more_when_all_of_a_backlog_is_aside(bench: Bench) -> None:
    bench.functions.call("pause", "type:greet")
    bench.seed(*[new_job() for _ in range(400)])
    bench.redis.ltrim(bench.keys.wake("default"), 0, 0)

    assert _claims_until_something_comes(bench, 1) == [400, 200, 0]
    assert bench.wake_tokens() == 0
