"""The ``declare`` step: what workers publish of the job types that they know."""

from __future__ import annotations

from tests.integration.broker.bench import Bench, new_job


def _types(bench: Bench) -> dict[bytes, bytes]:
    return bench.redis.hgetall(bench.keys.types)


def _declare(
    bench: Bench, *kinds: tuple[str, int, str], limit: int = 0, rate: str = ""
) -> list[int]:
    """The codes of some declarations, which all have one limit and one rate."""
    said = [part for kind in kinds for part in (*kind, limit, rate)]
    *codes, lease = bench.functions.call("declare", *said)
    assert lease == b"0"
    return codes


def _limits(bench: Bench) -> dict[bytes, bytes]:
    return bench.redis.hgetall(bench.keys.limits)


def test_what_is_declared_is_kept_letter_for_letter_with_its_version(bench: Bench) -> None:
    big = '{"most":12345678901234567890,"é":1.0}'

    assert _declare(bench, ("greet", 2, big), ("wave", 1, "{}")) == [1, 1]

    assert _types(bench) == {b"greet": f"2 {big}".encode(), b"wave": b"1 {}"}


def test_the_same_again_writes_nothing(bench: Bench) -> None:
    _declare(bench, ("greet", 1, "{}"))
    before = bench.snapshot()

    assert _declare(bench, ("greet", 1, "{}")) == [0]

    assert bench.snapshot() == before


def test_versions_are_compared_as_numbers_and_the_highest_stays(bench: Bench) -> None:
    assert _declare(bench, ("greet", 9, "{}"), ("greet", 10, '{"a":1}')) == [1, 1]
    assert _declare(bench, ("greet", 9, "{}"), ("greet", 1, "{}")) == [3, 3]

    assert _types(bench) == {b"greet": b'10 {"a":1}'}


def test_another_one_of_the_same_version_is_a_change(bench: Bench) -> None:
    _declare(bench, ("greet", 1, "{}"))

    assert _declare(bench, ("greet", 1, '{"a":1}')) == [2]

    assert _types(bench) == {b"greet": b'1 {"a":1}'}


def test_a_declared_limit_counts_those_that_run_already(bench: Bench) -> None:
    running = bench.started()

    _declare(bench, ("greet", 1, "{}"), limit=1)

    assert _limits(bench) == {b"greet": b"1"}
    assert bench.redis.smembers(bench.keys.holders("type:greet")) == {running.id.encode()}
    waiting = bench.seed(new_job())
    assert bench.claim() == []
    assert bench.redis.lrange(bench.keys.parked("type:greet"), 0, -1) == [waiting[0].encode()]


def test_the_same_limit_again_writes_nothing(bench: Bench) -> None:
    _declare(bench, ("greet", 1, "{}"), limit=3)
    before = bench.snapshot()

    _declare(bench, ("greet", 1, "{}"), limit=3)

    assert bench.snapshot() == before


def test_of_an_older_version_neither_declaration_nor_limit_holds(bench: Bench) -> None:
    _declare(bench, ("greet", 2, "{}"), limit=3)

    _declare(bench, ("greet", 1, "{}"), limit=9)

    assert _limits(bench) == {b"greet": b"3"}


def test_what_a_person_said_of_a_limit_stays(bench: Bench) -> None:
    bench.functions.call("limit", "anna", "", "greet", 5, "wave", 5)
    bench.functions.call("limit", "anna", "", "wave", 0)

    _declare(bench, ("greet", 1, "{}"), ("wave", 1, "{}"), limit=3)

    assert _limits(bench) == {b"greet": b"5"}


def test_a_limit_that_an_earlier_release_set_is_a_persons(bench: Bench) -> None:
    bench.redis.hset(bench.keys.limits, "greet", "5")

    _declare(bench, ("greet", 1, "{}"), limit=3)

    assert _limits(bench) == {b"greet": b"5"}


def test_a_type_without_a_limit_leaves_no_word_of_one(bench: Bench) -> None:
    _declare(bench, ("greet", 1, "{}"))

    assert not bench.redis.exists(bench.keys.controls)


def _rates(bench: Bench) -> dict[bytes, bytes]:
    return bench.redis.hgetall(bench.keys.rates)


def test_a_declared_rate_holds_and_goes_with_its_declaration(bench: Bench) -> None:
    _declare(bench, ("greet", 1, "{}"), rate="6/60/1")
    bench.seed(new_job("a"), new_job("b"))
    assert [job.id for job in bench.claim(5)] == ["a"]
    assert _rates(bench) == {b"greet": b"6/60/1"}

    _declare(bench, ("greet", 2, "{}"))

    assert _rates(bench) == {}
    assert [job.id for job in bench.claim(5)] == ["b"]


def test_what_a_person_said_of_a_rate_stays(bench: Bench) -> None:
    bench.functions.call("rate", "anna", "slow", "greet", "1/1/1")

    _declare(bench, ("greet", 1, "{}"), rate="6/60/1")

    assert _rates(bench) == {b"greet": b"1/1/1"}


def test_the_same_rate_again_writes_nothing(bench: Bench) -> None:
    _declare(bench, ("greet", 1, "{}"), rate="6/60/1")
    before = bench.snapshot()

    _declare(bench, ("greet", 1, "{}"), rate="6/60/1")

    assert bench.snapshot() == before


def test_of_an_older_version_no_rate_holds(bench: Bench) -> None:
    _declare(bench, ("greet", 2, "{}"), rate="6/60/1")

    _declare(bench, ("greet", 1, "{}"), rate="9/60/1")

    assert _rates(bench) == {b"greet": b"6/60/1"}
