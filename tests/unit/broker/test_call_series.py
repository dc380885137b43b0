"""Calls that are on their way ahead of their answers: each is made when its turn comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from redis.exceptions import ConnectionError as CutOff
from redis.exceptions import ResponseError

from backend.broker.server.call_series import CallSeries


class Said(NamedTuple):
    """A reply that was read."""

    number: int
    reply: Any
    may_be_done: bool = False

    @property
    def refuses(self) -> bool:
        """Whether it is the reply that does so."""
        return bool(self.reply == "no")


class Wire:
    """A connection to a server that answers with what it was told to; notes what happens, in order."""

    def __init__(self, *replies: Any) -> None:
        self.events: list[str] = []
        self._replies = list(replies)

    def calls(self, number: int) -> Iterator[bytes]:
        for at in range(number):
            self.events.append(f"made {at}")
            yield str(at).encode()

    def send_packed_command(self, packed: list[bytes], *, check_health: bool) -> None:
        self.events += [f"sent {call.decode()}" for call in packed]

    def read_response(self) -> Any:
        self.events.append("read")
        reply = self._replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


def _made_and_sent(*numbers: int) -> list[str]:
    return [f"{what} {number}" for number in numbers for what in ("made", "sent")]


def test_a_call_is_made_while_those_before_it_are_worked_on() -> None:
    wire = Wire(*"abcdef")
    series = CallSeries(wire.calls(6), Said)

    series.exchange(wire)

    assert wire.events == [
        *_made_and_sent(0, 1, 2, 3),
        *("read", *_made_and_sent(4)),
        *("read", *_made_and_sent(5)),
        *["read"] * 4,
    ]
    assert series.answers == [Said(number, reply) for number, reply in enumerate("abcdef")]


def test_behind_a_refusal_nothing_is_made() -> None:
    wire = Wire("a", "no", "c", "d", "e")
    series = CallSeries(wire.calls(9), Said)

    series.exchange(wire)

    assert wire.events[-1] == "read"
    assert "made 5" not in wire.events
    assert [answer.reply for answer in series.answers if isinstance(answer, Said)] == [
        *("a", "no", "c", "d", "e")
    ]


def test_what_was_made_is_sent_again_from_the_error_on() -> None:
    broken = ResponseError("LOADING Redis is loading the dataset in memory")
    wire = Wire("a", broken, broken, broken, broken, *"bcdef")
    series = CallSeries(wire.calls(6), Said)

    series.exchange(wire)
    assert series.error() is broken
    series.go_back()
    series.exchange(wire)

    assert [event for event in wire.events if event.startswith("made")] == [
        f"made {number}" for number in range(6)
    ]
    assert series.answers == [Said(number, reply) for number, reply in enumerate("abcdef")]


def test_of_what_is_sent_again_it_is_told_whether_the_first_time_may_have_been_enough() -> None:
    wire = Wire("a", CutOff("cut off"), *"bcdef")
    series = CallSeries(wire.calls(6), Said)

    with pytest.raises(CutOff):
        series.exchange(wire)
    series.go_back()
    series.exchange(wire)

    assert series.answers == [
        Said(number, reply, may_be_done=number in {1, 2, 3, 4})
        for number, reply in enumerate("abcdef")
    ]


def test_what_was_refused_is_not_in_doubt_and_what_was_done_behind_it_is() -> None:
    missing = ResponseError("Function not found")
    wire = Wire("a", missing, "c", missing, "e", *"bcdef")
    series = CallSeries(wire.calls(6), Said)

    series.exchange(wire)
    series.go_back()
    series.exchange(wire)

    assert series.answers == [
        Said(number, reply, may_be_done=number in {2, 4}) for number, reply in enumerate("abcdef")
    ]
