"""Callers by name ask Redis now and then, not for each job."""

from __future__ import annotations

from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from backend.broker.jobs.declarations import RedisDeclarations
from backend.broker.keys import Keys
from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.published_type import text_of

PUBLISHED = {b"resize": b"1 " + text_of(JobType("resize", print, lane="images")).encode()}


class Counted:
    """A Redis that has some types and counts who asks; its pool is asked for nothing."""

    connection_pool: Any = None

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False

    def hgetall(self, key: str) -> dict[bytes, bytes]:
        assert key == "rq:tally:types"
        self.asked += 1
        if self.is_away:
            raise RedisConnectionError("refused")
        return PUBLISHED


class Clock:
    """Stands, until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def _made(monkeypatch: Any) -> tuple[Counted, Clock, RedisDeclarations]:
    monkeypatch.setattr("backend.broker.jobs.declarations.Functions", lambda *_: None)
    redis, clock = Counted(), Clock()
    return redis, clock, RedisDeclarations(redis, Keys("rq"), clock)  # type: ignore[arg-type]


def test_what_was_read_holds_for_half_a_minute(monkeypatch: Any) -> None:
    redis, clock, declarations = _made(monkeypatch)

    for second in range(60):
        clock.now = 100.0 + second
        found = declarations.find("resize")
        assert found is not None
        assert found.lane == "images"

    assert redis.asked == 2


def test_a_name_that_is_missed_is_looked_for_once_a_second(monkeypatch: Any) -> None:
    redis, clock, declarations = _made(monkeypatch)

    for tenth in range(20):
        clock.now = 100.0 + tenth / 10
        assert declarations.find("resise") is None

    assert redis.asked == 2


def test_while_redis_is_away_what_was_known_holds_and_it_is_asked_now_and_then(
    monkeypatch: Any,
) -> None:
    redis, clock, declarations = _made(monkeypatch)
    declarations.find("resize")
    redis.is_away, redis.asked = True, 0
    clock.now += 60

    for _ in range(50):
        assert declarations.find("resize") is not None
        assert declarations.all().keys() == {"resize"}
        with pytest.raises(QueueUnavailable):
            declarations.find("other")

    assert redis.asked == 1
    redis.is_away = False
    clock.now += 2
    assert declarations.all().keys() == {"resize"}


def test_while_redis_has_been_away_from_the_start_nobody_says_that_there_are_no_types(
    monkeypatch: Any,
) -> None:
    redis, _, declarations = _made(monkeypatch)
    redis.is_away = True

    for _ in range(50):
        with pytest.raises(QueueUnavailable):
            declarations.all()

    assert redis.asked == 1
