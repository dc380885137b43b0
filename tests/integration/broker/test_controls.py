"""The ``words`` and ``adopt`` steps: what operators said, carried between Redis and the record."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from backend.broker.ledger.redis_controls import RedisControls
from backend.broker.server.functions import Functions
from backend.domain.ledger.control import Control
from tests.integration.broker.bench import Bench, new_job

SINCE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def controls(bench: Bench) -> RedisControls:
    """The words of this Redis; the lanes ``default`` and ``email`` are woken."""
    return RedisControls(bench.redis, bench.keys, ["default", "email"])


def word(controls: RedisControls, name: str) -> Control:
    """What was said last of one thing."""
    return next(each for each in controls.read() if each.name == name)


def adopt(controls: RedisControls, name: str, value: str, version: int = 9) -> int:
    """Takes over one word of the record."""
    return controls.adopt([Control(name, value, version, "ada", "why", SINCE)])


def test_a_pause_is_a_word_with_who_why_and_when(bench: Bench, controls: RedisControls) -> None:
    bench.functions.call("pause", "queue:low", "ada", "disk")

    said = word(controls, "pause:queue:low")

    assert (said.value, said.by, said.reason) == ("1", "ada", "disk")
    assert said.since is not None
    assert said.version >= said.since.timestamp() * 1_000_000 > SINCE.timestamp()
    assert controls.version() == said.version


def test_pausing_what_is_paused_leaves_the_first_word(
    bench: Bench, controls: RedisControls
) -> None:
    bench.functions.call("pause", "queue:low", "ada", "disk")
    before = controls.read()

    bench.functions.call("pause", "queue:low", "bob", "me too")

    assert controls.read() == before


def test_what_is_lifted_stays_known_as_lifted(bench: Bench, controls: RedisControls) -> None:
    bench.functions.call("pause", "queue:low", "ada", "disk")
    paused = word(controls, "pause:queue:low")
    bench.functions.call("resume", "queue:low", "bob", "new disk", 10)

    lifted = word(controls, "pause:queue:low")

    assert (lifted.value, lifted.by, lifted.reason) == ("", "bob", "new disk")
    assert lifted.version > paused.version


def test_a_limit_is_a_word_and_so_is_its_end(bench: Bench, controls: RedisControls) -> None:
    bench.functions.call("limit", "ada", "slow", "greet", 3)
    said = word(controls, "limit:type:greet")
    bench.functions.call("limit", "bob", "fast", "greet", 0)

    assert (said.value, said.by, said.reason) == ("3", "ada", "slow")
    assert word(controls, "limit:type:greet").value == ""


def test_versions_grow_though_the_clock_was_set_back(bench: Bench, controls: RedisControls) -> None:
    ahead = 1 << 52
    bench.redis.set(bench.keys.controls_version, ahead)

    bench.functions.call("pause", "queue:low")

    assert controls.version() == ahead + 1


def test_a_pause_of_the_record_holds(bench: Bench, controls: RedisControls) -> None:
    bench.seed(new_job("a", "low"))

    assert adopt(controls, "pause:queue:low", "1") == 1

    assert bench.claim(1, ("low",)) == []
    (pause,) = [json.loads(text) for text in bench.redis.hvals(bench.keys.pauses)]
    assert pause == {"by": "ada", "reason": "why", "since": int(SINCE.timestamp() * 1000)}
    assert word(controls, "pause:queue:low") == Control(
        "pause:queue:low", "1", 9, "ada", "why", SINCE
    )
    assert controls.version() == 9


def test_what_the_record_lifted_goes_on_and_workers_are_woken(
    bench: Bench, controls: RedisControls
) -> None:
    adopt(controls, "pause:queue:low", "1", 8)
    bench.seed(new_job("a", "low"))

    assert adopt(controls, "pause:queue:low", "", 9) == 1

    assert [job.id for job in bench.claim(1, ("low",))] == ["a"]
    assert bench.wake_tokens("email") == 64
    assert not bench.redis.exists(bench.keys.pauses)


def test_a_limit_of_the_record_counts_those_that_run(bench: Bench, controls: RedisControls) -> None:
    running = bench.started()
    adopt(controls, "limit:type:greet", "1")
    bench.seed(new_job("b"))

    assert bench.claim() == []

    adopt(controls, "limit:type:greet", "", 10)
    bench.functions.call("usher", 10, 10)
    assert not bench.redis.exists(bench.keys.limits)
    assert bench.redis.smembers(bench.keys.holders("type:greet")) == {running.id.encode()}


def test_a_rate_is_a_word_that_the_record_keeps_and_gives_back(
    bench: Bench, controls: RedisControls
) -> None:
    bench.functions.call("rate", "ada", "the CRM is slow", "greet", "6/60/1")
    [word] = controls.settled()
    said = (word.name, word.value, word.by, word.reason)
    assert said == ("rate:type:greet", "6/60/1", "ada", "the CRM is slow")
    bench.redis.delete(bench.keys.rates, bench.keys.controls, bench.keys.controls_version)

    assert controls.adopt([word]) == 1

    bench.seed(new_job("a"), new_job("b"))
    assert [job.id for job in bench.claim(5)] == ["a"]
    adopt(controls, "rate:type:greet", "", word.version + 1)
    assert bench.redis.hgetall(bench.keys.rates) == {}
    bench.functions.call("usher", 10, 10)
    assert [job.id for job in bench.claim(5)] == ["b"]


def test_a_rate_that_somebody_deleted_by_hand_holds_again(
    bench: Bench, controls: RedisControls
) -> None:
    bench.functions.call("rate", "ada", "", "greet", "6/60/1")
    bench.redis.delete(bench.keys.rates)

    controls.settled()

    assert bench.redis.hgetall(bench.keys.rates) == {b"greet": b"6/60/1"}


@pytest.mark.parametrize("version", [8, 9])
def test_an_older_word_changes_nothing(bench: Bench, controls: RedisControls, version: int) -> None:
    adopt(controls, "pause:queue:low", "1", 9)
    before = bench.snapshot()

    assert adopt(controls, "pause:queue:low", "", version) == 0

    assert bench.snapshot() == before


def test_a_word_of_a_later_release_is_kept_for_it(bench: Bench, controls: RedisControls) -> None:
    adopt(controls, "freeze:all", "until Monday")

    assert controls.settled() == [Control("freeze:all", "until Monday", 9, "ada", "why", SINCE)]


def test_words_that_agree_with_what_holds_are_left_alone(
    bench: Bench, controls: RedisControls
) -> None:
    bench.functions.call("pause", "type:greet", "ada", "why")
    bench.functions.call("pause", "lane:email", "ada", "why")
    bench.functions.call("resume", "lane:email", "ada", "why", 10)
    bench.functions.call("limit", "ada", "why", "greet", 3)
    before = bench.snapshot()

    controls.settled()

    assert bench.snapshot() == before


def test_a_pause_of_an_earlier_release_is_taken_over_as_it_was_noted(
    bench: Bench, controls: RedisControls
) -> None:
    since = int(SINCE.timestamp() * 1000)
    bench.redis.sadd(bench.keys.paused, "queue:low")
    note = {"by": "ada", "reason": "disk", "since": since}
    bench.redis.hset(bench.keys.pauses, "queue:low", json.dumps(note))

    (said,) = controls.settled()

    assert said == Control("pause:queue:low", "1", since * 1000, "ada", "disk", SINCE)


def test_what_nobody_noted_is_taken_over_below_every_word_of_the_record(
    bench: Bench, controls: RedisControls
) -> None:
    bench.redis.sadd(bench.keys.paused, "queue:low")
    bench.redis.hset(bench.keys.limits, "greet", 4)

    said = controls.settled()

    assert sorted((each.name, each.value, each.version, each.since) for each in said) == [
        ("limit:type:greet", "4", 1, None),
        ("pause:queue:low", "1", 1, None),
    ]


def test_what_an_earlier_release_did_against_a_word_is_the_later_word(
    bench: Bench, controls: RedisControls
) -> None:
    for what in ("queue:low", "queue:high"):
        bench.functions.call("pause", what, "ada", "why")
    bench.functions.call("resume", "queue:high", "ada", "", 10)
    bench.functions.call("limit", "ada", "why", "greet", 3, "other", 4)
    before = {each.name: each for each in controls.read()}
    bench.redis.srem(bench.keys.paused, "queue:low")
    bench.redis.hdel(bench.keys.pauses, "queue:low")
    bench.redis.sadd(bench.keys.paused, "queue:high")
    bench.redis.hset(bench.keys.limits, "greet", 5)
    bench.redis.hdel(bench.keys.limits, "other")

    after = {each.name: each for each in controls.settled()}

    assert {name: each.value for name, each in after.items()} == {
        "pause:queue:low": "",
        "pause:queue:high": "1",
        "limit:type:greet": "5",
        "limit:type:other": "",
    }
    assert all(after[name].version > before[name].version for name in before)
    assert all(each.since is not None for each in after.values())


def test_a_pause_whose_note_is_there_was_not_lifted(bench: Bench, controls: RedisControls) -> None:
    bench.functions.call("pause", "queue:low", "ada", "why")
    before = controls.read()
    bench.redis.delete(bench.keys.paused)

    assert controls.settled() == before

    assert bench.redis.smembers(bench.keys.paused) == {b"queue:low"}


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", "{}", '{"version": "x"}'])
def test_what_a_foreign_hand_wrote_there_is_no_word(
    bench: Bench, controls: RedisControls, text: str
) -> None:
    bench.redis.hset(bench.keys.controls, "pause:queue:low", text)
    bench.redis.sadd(bench.keys.paused, "queue:low")
    bench.redis.hset(bench.keys.pauses, "queue:low", text)

    assert [each.name for each in controls.settled()] == ["pause:queue:low"]


def test_words_are_kept_while_memory_is_full(bench: Bench, controls: RedisControls) -> None:
    bench.redis.config_set("maxmemory", 1)
    try:
        Functions(bench.redis, bench.keys.root).call("pause", "queue:low", "ada", "")
        adopt(controls, "pause:queue:high", "1")
        assert len(controls.settled()) == 2
    finally:
        bench.redis.config_set("maxmemory", 0)
