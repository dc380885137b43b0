"""What a handler returned, as it is kept; what cannot be kept fails its job once and for good."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from tests.unit.runtime.attempts import run


class Colour(Enum):
    RED = 7


class Word(StrEnum):
    YES = "yes"


class Answer(BaseModel):
    at: datetime
    parts: list[Decimal]


@dataclasses.dataclass
class Point:
    x: int
    tags: tuple[str, ...] = ()


def _circle() -> list[Any]:
    circle: list[Any] = []
    circle.append({"again": circle})
    return circle


def _pit(depth: int) -> dict[str, Any]:
    pit: dict[str, Any] = {}
    for _ in range(depth - 1):
        pit = {"k": pit}
    return pit


def _numbers() -> Iterator[int]:
    yield 1


async def _later() -> int:
    return 1


class Hostile(dict[str, int]):
    def items(self) -> Any:
        raise KeyError("no")

    def values(self) -> Any:
        raise KeyError("no")


def _refused(result: Any) -> tuple[str, str]:
    outcome = run(lambda: result)
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    return outcome.error.reason, outcome.error.message


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        (datetime(2026, 1, 27, 8, 30, tzinfo=UTC), "2026-01-27T08:30:00Z"),
        (datetime(2026, 1, 27, 8, 30), "2026-01-27T08:30:00"),
        ({"day": date(2026, 1, 27), "at": time(8, 30)}, {"day": "2026-01-27", "at": "08:30:00"}),
        (timedelta(hours=25), "P1DT1H"),
        (Decimal("0.10"), "0.10"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        ([Colour.RED, Word.YES], [7, "yes"]),
        (Point(1, ("a",)), {"x": 1, "tags": ["a"]}),
        (
            Answer(at=datetime(2026, 1, 1, tzinfo=UTC), parts=[Decimal("1.50")]),
            {"at": "2026-01-01T00:00:00Z", "parts": ["1.50"]},
        ),
        ((1, "zwei", None, True, 1.5), [1, "zwei", None, True, 1.5]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_one_form_in_json_is_kept_in_it(result: Any, kept: Any) -> None:
    outcome = run(lambda: result)

    assert outcome.kind is OutcomeKind.FINISHED
    assert json.loads(outcome.result) == kept


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({1, 2}, "result is a set, which is not JSON"),
        (b"bytes", "result is a bytes, which is not JSON"),
        ({"a": [1, object()]}, "result.a[1] is an object, which is not JSON"),
        ({"rate": float("nan")}, "result.rate is nan, which is no number to JSON"),
        ([float("-inf")], "result[0] is -inf, which is no number to JSON"),
        ({(1, 2): 3}, "result has the key (1, 2), a tuple; JSON has only keys that are text"),
        (
            {"rates": {1: "a", "1": "b"}},
            "result.rates has the key 1, an int; JSON has only keys that are text",
        ),
        (
            {"a": [{None: 1}]},
            "result.a[0] has the key None, a NoneType; JSON has only keys that are text",
        ),
        (_circle(), "result[0].again contains itself"),
        (Point(float("nan")), "result.x is nan, which is no number to JSON"),  # type: ignore[arg-type]
        (Point({1: 2}), "result.x has the key 1, an int; JSON has only keys that are text"),  # type: ignore[arg-type]
        (10**5000, "result is a whole number of more than 4300 digits"),
        (Hostile(a=1), "result is not JSON"),
        (
            _numbers(),
            (
                "result is a generator, which is not JSON: the handler calls a function with yield; "
                "return list(…) of it"
            ),
        ),
        (
            _later(),
            (
                "result is a coroutine, which is not JSON: the handler calls an async function without "
                "awaiting it; make it an async def too"
            ),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_json_fails_for_good_and_says_where(result: Any, message: str) -> None:
    assert _refused(result) == ("result_not_json", message)


def test_what_lies_too_deep_for_its_readers_is_no_json() -> None:
    assert run(lambda: _pit(200)).kind is OutcomeKind.FINISHED
    for depth in (201, 1000, 100_000):
        reason, message = _refused(_pit(depth))
        assert reason == "result_not_json"
        assert message.endswith("… lies deeper than 200 levels")


def test_half_a_character_is_kept_as_its_escape() -> None:
    outcome = run(lambda: ["half \ud800"])

    assert json.loads(outcome.result) == ["half \ud800"]


@pytest.mark.parametrize(
    ("result", "size"),
    [
        ("x" * 99, "101"),
        ("x" * 500, "at least 500"),
        ({"a": ["y", "x" * 500, "z"]}, "at least 509"),
        ({"a": "é" * 50}, "108"),
        (["\ud800" * 40], "124"),
    ],
    ids=["text", "long text", "long text inside", "two bytes each", "half characters"],
)
def test_a_result_over_the_limit_fails_for_good_and_says_the_way_out(
    result: Any, size: str
) -> None:
    outcome = run(lambda: result, max_result_bytes=100)

    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.error is not None
    assert (outcome.error.reason, outcome.error.message) == (
        "result_too_large",
        (
            f"the result has {size} bytes, 100 are allowed (max_result_bytes); "
            "store it as an artifact, or in a table, and return its name"
        ),
    )


def test_a_result_as_large_as_the_limit_is_kept() -> None:
    assert run(lambda: "x" * 98, max_result_bytes=100).result == '"' + "x" * 98 + '"'


def test_a_result_that_fits_into_no_memory_is_too_large_and_not_tried_again() -> None:
    class Endless(dict[str, int]):
        def values(self) -> Any:
            raise MemoryError

    made = Endless()
    outcome = run(lambda: made)

    assert outcome.error is not None
    assert (outcome.kind, outcome.error.reason) == (OutcomeKind.FAILED, "result_too_large")


def test_what_was_raised_by_the_handler_keeps_its_own_name() -> None:
    def handler() -> Outcome:
        raise TypeError("of its own")

    assert run(handler).kind is OutcomeKind.RETRIED
