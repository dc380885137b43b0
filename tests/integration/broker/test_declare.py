"""The ``declare`` step: what workers publish of the job types that they know."""

from __future__ import annotations

from tests.integration.broker.bench import Bench


def _types(bench: Bench) -> dict[bytes, bytes]:
    return bench.redis.hgetall(bench.keys.types)


def test_what_is_declared_is_kept_letter_for_letter_with_its_version(bench: Bench) -> None:
    big = '{"most":12345678901234567890,"é":1.0}'

    assert bench.functions.codes("declare", "greet", 2, big, "wave", 1, "{}") == [1, 1]

    assert _types(bench) == {b"greet": f"2 {big}".encode(), b"wave": b"1 {}"}


def test_the_same_again_writes_nothing(bench: Bench) -> None:
    bench.functions.call("declare", "greet", 1, "{}")
    before = bench.snapshot()

    assert bench.functions.codes("declare", "greet", 1, "{}") == [0]

    assert bench.snapshot() == before


def test_versions_are_compared_as_numbers_and_the_highest_stays(bench: Bench) -> None:
    assert bench.functions.codes("declare", "greet", 9, "{}", "greet", 10, '{"a":1}') == [1, 1]
    assert bench.functions.codes("declare", "greet", 9, "{}", "greet", 1, "{}") == [3, 3]

    assert _types(bench) == {b"greet": b'10 {"a":1}'}


def test_another_one_of_the_same_version_is_a_change(bench: Bench) -> None:
    bench.functions.call("declare", "greet", 1, "{}")

    assert bench.functions.codes("declare", "greet", 1, '{"a":1}') == [2]

    assert _types(bench) == {b"greet": b'1 {"a":1}'}
