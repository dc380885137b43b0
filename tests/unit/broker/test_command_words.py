"""What hiredis is given: it makes texts of numbers, and ends the process where a signal interrupts it."""

from __future__ import annotations

import enum
from typing import Any

import hiredis
import pytest
from redis.connection import HiredisRespSerializer
from redis.exceptions import DataError

from backend.broker.jobs import codec
from backend.broker.jobs.claim_call import ClaimCall
from backend.broker.jobs.enqueue_arguments import enqueue_arguments
from backend.broker.keys import Keys
from backend.broker.server.command_words import FCALL, TextPacker, texts_of
from backend.broker.server.connection import connect, connect_blocking
from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.queue_name import QueueName
from backend.domain.ports import ClaimPlan, WantedTypes

_NOWHERE = "redis://127.0.0.1:1/0"
_PLAN = [ClaimPlan("high", 0), ClaimPlan("normal", 3)]


class _Word(enum.StrEnum):
    YES = "yes"


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What redis-py's packer hands to hiredis."""
    seen: list[tuple[Any, ...]] = []
    pack = hiredis.pack_command

    def noted(command: tuple[Any, ...]) -> bytes:
        seen.append(command)
        return pack(command)

    monkeypatch.setattr(hiredis, "pack_command", noted)
    return seen


def test_numbers_are_texts_before_and_stay_what_they_were() -> None:
    words = ["a", b"b", 7, -1, 1.5, 1e22, 0.1 + 0.2, _Word.YES]

    texts = texts_of(words)

    assert texts == ["a", b"b", "7", "-1", "1.5", "1e+22", "0.30000000000000004", "yes"]
    assert hiredis.pack_command(tuple(texts)) == hiredis.pack_command(tuple(words))


@pytest.mark.parametrize("connected", [connect, connect_blocking])
def test_a_connection_of_ours_hands_over_no_number(
    connected: Any, given: list[tuple[Any, ...]]
) -> None:
    connection = connected(_NOWHERE).connection_pool.make_connection()
    commands = [("XREVRANGE", "key", "+", "-", "COUNT", 1), ("BLPOP", "a", "b", 1.5)]

    packed = connection.pack_commands(commands)

    assert given == [(b"XREVRANGE", "key", "+", "-", "COUNT", "1"), (b"BLPOP", "a", "b", "1.5")]
    assert b"".join(packed) == b"".join(
        each for command in commands for each in HiredisRespSerializer().pack(*command)
    )


def test_what_cannot_be_sent_is_refused_as_redis_py_does() -> None:
    with pytest.raises(DataError, match="A tuple item must be str, int, float or bytes"):
        TextPacker().pack("GET", object())


def test_calls_of_the_hot_path_are_made_in_texts() -> None:
    """Nobody looks at them again."""
    claim = ClaimCall(
        connect(_NOWHERE), Keys("rq"), worker="w1", lanes=["default"], lease_seconds=60
    )
    job = NewJob(
        *("a", "greet", QueueName.parse("high"), "{}", {}, 4, 0.4, 3600),
        delay=5.0,
        limit_key="k",
        limit=2,
    )
    claimed = ClaimedJob("a", "1-0", 0, 1, False, "high", "greet", b"[]", b"{}", 0.4, 4, 0.0)
    outcomes = [
        Outcome(OutcomeKind.FINISHED, '{"n":1}', run_seconds=0.25),
        Outcome(OutcomeKind.RETRIED, delay=1.5),
    ]

    calls = [
        claim.of(_PLAN, 20),
        claim.of(_PLAN, 20, lease_seconds=1.5),
        claim.picking(WantedTypes(["greet"], others=True), _PLAN, 20, 3),
        claim.keep([claimed]),
        claim.functions.command("enqueue", enqueue_arguments([job], ["{}"])),
        *(
            claim.functions.command("settle", codec.settle_arguments(claimed, each))
            for each in outcomes
        ),
    ]

    assert [call[0] for call in calls] == [FCALL] * len(calls)
    assert [word for call in calls for word in call if not isinstance(word, str | bytes)] == []
