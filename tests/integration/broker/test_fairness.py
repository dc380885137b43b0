"""Fair queues in Redis: what turns cost, who dies half-way, and what an earlier release left."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from backend.broker.jobs.gates.lost_lines import COUNTED_EVERY, RedisLostLines
from backend.broker.jobs.operations import RedisOperations
from backend.broker.jobs.parked_jobs import fair_line_of as line_of
from backend.loops.usher import Usher
from tests.integration.broker.bench import Bench, new_job

RULE = '{"by":"tenant"}'
OTHERS = 99


def _fair(bench: Bench, value: str = RULE, most: int = 200, queue: str = "normal") -> int:
    moved: int = bench.functions.call("fairness", "ada", "why", queue, value, most)
    return moved


def _of(bench: Bench, tenant: str, jobs: int) -> list[str]:
    return bench.seed(*(new_job(options={"tenant": tenant}) for _ in range(jobs)))


def _commands(bench: Bench, call: Any) -> Counter[str]:
    bench.redis.config_resetstat()
    call()
    stats: Any = bench.redis.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
    return Counter({n: calls[n] for n in calls if n not in {"config|resetstat", "info", "fcall"}})


def test_a_flood_of_one_tenant_leaves_the_others_within_a_round_of_their_turns(
    bench: Bench,
) -> None:
    _fair(bench)
    for _ in range(20):
        _of(bench, "flood", 100)
    for number in range(OTHERS):
        _of(bench, f"t{number}", 10)

    claimed = [bench.field(job.id, "options") for _ in range(100) for job in bench.claim(10)]
    last = max(at for at, options in enumerate(claimed, 1) if "flood" not in (options or ""))

    # Among as many who all have ten jobs the last one would be claimed as the thousandth.
    assert len(claimed) == 1000
    assert last <= 10 * (OTHERS + 1)
    assert sum("flood" in (options or "") for options in claimed) == 10


def test_a_backlog_of_one_tenant_that_is_spread_over_many_keys_holds_up_nobody_either(
    bench: Bench,
) -> None:
    """As trigger.dev #4353: each key had its cap, and a tenant with many keys had all the rest."""
    _fair(bench)
    for number in range(200):
        said = {"limit_key": f"k{number % 40}", "limit": 1}
        bench.seed(new_job(options={"tenant": "flood", **said}, **said))
    for number in range(10):
        _of(bench, f"t{number}", 2)

    claimed = [bench.field(job.id, "options") or "" for _ in range(5) for job in bench.claim(5)]

    assert ["flood" in options for options in claimed].count(False) >= 20


def test_who_is_at_his_limit_is_looked_at_once_however_often_somebody_claims(bench: Bench) -> None:
    """As trigger.dev #4367: to look at keys that are full took most of the time."""
    _fair(bench)
    bench.claim(5)
    alone = _commands(bench, lambda: bench.claim(5))
    for number in range(20):
        said = {"limit_key": f"k{number}", "limit": 1}
        jobs = (new_job(options={"tenant": f"t{number}", **said}, **said) for _ in range(9))
        bench.seed(*jobs)
    assert [len(bench.claim(99)) for _ in range(2)] == [20, 0]

    assert _commands(bench, lambda: bench.claim(5)) == alone
    [free] = _of(bench, "t0", 1)
    assert [job.id for job in bench.claim(1)] == [free]


def test_a_claim_costs_the_same_whatever_waits(bench: Bench) -> None:
    def claim() -> None:
        assert len(bench.claim(16)) == 16

    _fair(bench)
    assert bench.claim(16) == []
    for number in range(40):
        _of(bench, f"t{number}", 2)
    claim()
    few = _commands(bench, claim)
    for number in range(300):
        _of(bench, f"more{number}", 3)
    _of(bench, "flood", 2000)

    many = _commands(bench, claim)

    assert many == few
    # Two lists have nothing; one look at the turns; each job is taken off its line, and says
    # so together with its start.
    assert (many["zrange"], many["lpop"], many["hset"]) == (1, 2 + 16, 16)
    assert not many.keys() & {"hdel", "zrem"}
    assert sum(many.values()) <= 16 * 3 + 16


def test_few_keys_are_looked_up_like_many(bench: Bench) -> None:
    def has_few_in_one_text() -> bool:
        return bench.redis.object("encoding", bench.keys.lines("normal")) == b"listpack"

    _fair(bench)
    for _ in range(2):
        assert bench.claim(16) == []
        for number in range(40):
            _of(bench, f"t{number}", 1)
        assert has_few_in_one_text()

        bench.claim(16)

        assert not has_few_in_one_text()
        assert len(bench.members(bench.keys.lines("normal"))) == 40
        bench.claim(40)


@pytest.mark.parametrize("seed", range(20))
def test_a_claim_takes_turns_as_if_it_took_them_one_after_another(bench: Bench, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    heavy = {f"t{n:02}": dice.randint(2, 4) for n in range(5)} if seed % 2 else {}
    weights = "" if not heavy else ',"weights":' + str(heavy).replace("'", '"')
    _fair(bench, f'{{"by":"tenant"{weights}}}')
    lines, at = dict[str, list[str]](), dict[str, float]()
    for number in range(dice.choice([1, 3, 12, 40])):
        key = f"t{number:02}"
        lines[key] = _of(bench, key, dice.choice([1, 2, 20]))
        at[key] = dice.choice([3.0, 3.25, 3.999, 4.0, 4.5, 7.0]) if seed % 3 else 3.0
        bench.redis.zadd(bench.keys.lines("normal"), {key: at[key]})

    claimed = [job.id for job in bench.claim(16)]

    expected, turns, left = [], sorted(at, key=lambda key: (at[key], key)), dict(at)
    first = turns[:16]
    for _ in range(16):
        key = first.pop(0)
        at[key] += 1 / heavy.get(key, 1)
        first.insert(sum(at[other] <= at[key] for other in first), key)
        if lines[key]:
            expected.append(lines[key].pop(0))
        else:
            left.pop(key, None)
    assert claimed[: len(expected)] == expected
    kept: Any = bench.redis.zrange(bench.keys.lines("normal"), 0, -1, withscores=True)
    if len(expected) == 16:
        assert {key.decode(): score for key, score in kept} == {key: at[key] for key in left}


@pytest.mark.parametrize(
    ("kind", "delay"),
    [("returned", 0), ("returned", 9), ("retried", 9), ("released", 0), ("crashed", 0)],
)
def test_who_comes_back_from_a_line_is_found_where_he_waits(
    bench: Bench, kind: str, delay: int
) -> None:
    _fair(bench)
    [job_id] = _of(bench, "a", 1)
    bench.settle(bench.claim(1)[0], kind, delay=delay)

    assert bench.field(job_id, "parked") is None
    assert bench.cancel(job_id) == [1]
    assert (bench.queue(), bench.count("parked"), bench.count("lined")) == ([], 0, 0)


def test_who_comes_back_by_the_last_release_waits_in_the_list_not_in_a_line(bench: Bench) -> None:
    """It leaves what the start said of the line."""
    ids = _of(bench, "a", 2)
    for job_id in ids:
        bench.redis.hset(bench.keys.job(job_id), "parked", "")

    moved = bench.functions.call("reprioritise", "ada", "", "0", ids[1], "high")

    assert (moved, bench.cancel(ids[0])) == ([1], [1])
    bench.redis.hdel(bench.keys.job(ids[1]), "parked")
    assert (bench.queue(), bench.queue("high")) == ([], [ids[1]])
    assert (bench.count("parked"), bench.count("parked", "high")) == (0, 0)


def test_a_deployment_without_fair_queues_sends_no_command_more(bench: Bench) -> None:
    _of(bench, "a", 1)
    bench.claim()
    jobs = [new_job(options={"tenant": "a"}) for _ in range(10)]

    enqueued = _commands(bench, lambda: bench.enqueue(*jobs))
    claimed = _commands(bench, lambda: bench.claim(10))

    assert (enqueued["exists"], enqueued["hset"]) == (10, 10)
    assert not enqueued.keys() & {"hgetall", "zrange", "zadd"}
    assert claimed["exists"] == 1
    assert not claimed.keys() & {"zrange", "hdel"}


def test_a_queue_that_is_not_fair_pays_two_questions_a_call_beside_one_that_is(
    bench: Bench,
) -> None:
    _of(bench, "a", 1)
    plain = _commands(bench, lambda: bench.enqueue(*(new_job(queue="low") for _ in range(10))))
    _fair(bench)

    beside = _commands(bench, lambda: bench.enqueue(*(new_job(queue="low") for _ in range(10))))

    assert beside - plain == Counter({"exists": 2, "hgetall": 1})


def test_jobs_of_a_call_come_into_turn_with_one_command(bench: Bench) -> None:
    _fair(bench)
    jobs = [new_job(options={"tenant": f"t{n % 5}"}) for n in range(50)]

    sent = _commands(bench, lambda: bench.enqueue(*jobs))

    assert (sent["rpush"], sent["zadd"]) == (5 + 50, 1)
    assert bench.members(bench.keys.lines("normal")) == ["t0", "t1", "t2", "t3", "t4"]


def test_who_dies_while_a_queue_becomes_fair_leaves_nobody_behind(bench: Bench) -> None:
    ids = [*_of(bench, "a", 3), *_of(bench, "b", 3)]
    assert _fair(bench, most=2) == 2

    assert len(bench.queue()) == 4
    assert sorted(job.id for job in bench.claim(9)) == sorted(ids)


def test_who_dies_while_a_queue_is_fair_no_more_leaves_the_rest_to_workers_and_schedulers(
    bench: Bench,
) -> None:
    _fair(bench)
    ids = _of(bench, "a", 6)
    assert _fair(bench, "", most=2) == 2

    assert [job.id for job in bench.claim(3)] == ids[:3]
    assert bench.functions.call("usher", 10, 2) == 2
    # The last job, and its line, which is empty then.
    assert bench.functions.call("usher", 10, 10) == 2
    assert bench.queue() == ids[3:]
    assert bench.functions.call("usher", 10, 10) == 0
    assert not bench.redis.exists(bench.keys.fair, bench.keys.lines("normal"))


def test_who_is_sent_home_while_a_queue_is_fair_no_more_stands_in_its_list(bench: Bench) -> None:
    dead = bench.dead(options={"tenant": "b"})
    _fair(bench)
    _of(bench, "a", 6)
    assert _fair(bench, "", most=2) == 2

    assert bench.redrive(dead) == [1]

    assert bench.queue()[-1] == dead
    assert bench.count("lined") == 4


def test_who_comes_back_before_his_next_turn_is_not_put_off_by_it(bench: Bench) -> None:
    later = bench.scheduled(options={"tenant": "rare"})
    _fair(bench, '{"by":"tenant","weights":{"busy":10}}')
    [first] = _of(bench, "rare", 1)
    _of(bench, "busy", 40)
    assert [job.id for job in bench.claim(1)] == [first]
    for _ in range(8):
        bench.claim(1)

    bench.make_due(later)
    bench.promote()

    # A turn of his is as long as ten of theirs: most of it is over.
    assert later in [job.id for _ in range(4) for job in bench.claim(1)]


def test_the_same_rule_again_keeps_who_said_it_first(bench: Bench) -> None:
    _fair(bench)
    said = bench.redis.hget(bench.keys.controls, "fairness:queue:normal")

    bench.functions.call("fairness", "bob", "", "normal", RULE, 200)

    assert bench.redis.hget(bench.keys.controls, "fairness:queue:normal") == said


def test_what_is_no_job_of_ours_is_in_no_line(bench: Bench) -> None:
    [mine] = _of(bench, "a", 1)
    bench.tampered = True
    bench.redis.hset(
        bench.keys.job("theirs"), mapping={"status": "queued", "origin": "normal", "data": "x"}
    )
    bench.put_in_queue("theirs")
    bench.put_in_queue("gone")

    _fair(bench)

    assert bench.line(line_of("normal", "a")) == [mine]
    assert bench.members(bench.keys.foreign) == ["theirs"]
    assert "dropped" in bench.kinds("gone")


def test_a_job_whose_options_are_no_json_is_nobodys(bench: Bench) -> None:
    _fair(bench)
    [job_id] = _of(bench, "a", 1)
    held = bench.claim(1)[0]
    bench.tampered = True
    bench.redis.hset(bench.keys.job(job_id), "options", "[{")
    bench.settle(held, "retried", delay=1)
    bench.make_due(job_id)

    bench.promote()

    assert bench.line(line_of("normal", "")) == [job_id]


@pytest.mark.parametrize("tenant", ["a:b", "h:x", "*", "ünï", "k" * 512, "with blank", "[a]"])
def test_any_key_has_a_line(bench: Bench, tenant: str) -> None:
    _fair(bench, f'{{"by":"tenant","weights":{{"{tenant}":2}}}}')
    ids = _of(bench, tenant, 3)

    assert bench.line(line_of("normal", tenant)) == ids
    assert bench.cancel(ids[1]) == [1]
    assert [job.id for job in bench.claim(9)] == [ids[0], ids[2]]


def test_lines_whose_turns_were_lost_are_found_again_and_have_their_turns(bench: Bench) -> None:
    _fair(bench)
    ids = {*_of(bench, "a", 2), *_of(bench, "[b]*", 2), *_of(bench, "", 1)}
    bench.redis.delete(bench.keys.lines("normal"))
    bench.redis.delete(bench.keys.wake("default"))
    assert bench.claim(9) == []

    assert RedisLostLines(bench.redis, bench.keys).find() == 3

    assert bench.wake_tokens("default") > 0
    assert {job.id for job in bench.claim(9)} == ids


def test_one_line_whose_turn_was_lost_is_found_when_all_are_counted(bench: Bench) -> None:
    _fair(bench)
    _of(bench, "a", 2)
    lost = _of(bench, "b", 2)
    bench.redis.zrem(bench.keys.lines("normal"), "b")
    lines = RedisLostLines(bench.redis, bench.keys)

    found = [lines.find() for _ in range(3 * COUNTED_EVERY)]

    assert (sum(found), found[2 * COUNTED_EVERY - 1]) == (1, 1)
    assert {*lost} <= {job.id for job in bench.claim(9)}


def test_a_count_that_no_line_explains_is_looked_for_once(bench: Bench) -> None:
    _fair(bench)
    bench.tampered = True
    bench.redis.hincrby(bench.keys.counts("normal"), "lined", 3)
    lines = RedisLostLines(bench.redis, bench.keys)

    first = _commands(bench, lines.find)
    again = _commands(bench, lines.find)

    assert (first["scan"] > 0, again["scan"]) == (True, 0)


def test_an_usher_finds_lost_lines_and_looks_through_nothing_where_none_are(bench: Bench) -> None:
    parts = (bench.redis, bench.keys)
    loop = Usher(RedisOperations(*parts), RedisLostLines(*parts))
    _fair(bench)
    ids = _of(bench, "a", 2)
    assert _commands(bench, loop.run_once)["scan"] == 0
    bench.redis.delete(bench.keys.lines("normal"))

    loop.run_once()

    assert [job.id for job in bench.claim(9)] == ids


def test_a_line_without_jobs_is_not_found(bench: Bench) -> None:
    _fair(bench)

    assert bench.functions.call("find_lines", line_of("normal", "a"), "key:k") == 0

    assert not bench.redis.exists(bench.keys.lines("normal"), bench.keys.gates)
