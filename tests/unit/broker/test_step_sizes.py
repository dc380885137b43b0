"""Where steps begin among jobs, by their number and by their bytes."""

from __future__ import annotations

import pytest

from backend.broker.server.step_sizes import MOST_BYTES, step_starts, steps_of

_LARGE = "x" * 300_000


def test_small_jobs_go_a_hundred_a_step() -> None:
    assert step_starts(["{}"] * 250, ["{}"] * 250) == [0, 100, 200]


def test_large_jobs_go_a_megabyte_a_step() -> None:
    assert step_starts([_LARGE] * 10) == [0, 3, 6, 9]


def test_each_hundred_begins_anew() -> None:
    assert step_starts([*["{}"] * 98, *[_LARGE] * 7]) == [0, 100, 103]


def test_a_job_that_is_larger_than_a_step_has_one_to_itself() -> None:
    assert step_starts(["{}", "x" * (3 * MOST_BYTES), "{}", "{}"]) == [0, 1, 2]


def test_what_follows_a_job_counts_as_its_payload_does() -> None:
    assert step_starts(["{}"] * 8, [_LARGE] * 8) == [0, 3, 6]


@pytest.mark.parametrize(("character", "at_once"), [("x", 4), ("ü", 2), ("€", 1), ("\ud800", 1)])
def test_bytes_count_as_they_are_sent(character: str, at_once: int) -> None:
    texts = [character * (MOST_BYTES // 4)] * 4

    assert step_starts(texts) == list(range(0, 4, at_once))


def test_no_jobs_have_no_step() -> None:
    assert step_starts([], []) == []
    assert list(steps_of([], [])) == []


def test_steps_are_the_jobs_in_their_order() -> None:
    assert list(steps_of("abcde", ["x", _LARGE, _LARGE, _LARGE, _LARGE])) == ["abcd", "e"]
