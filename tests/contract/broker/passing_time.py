"""Time that passes in Redis, whose clock nobody can move: all that is due comes nearer instead.

The one place of this suite that knows how Redis keeps things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from redis import Redis

from backend.broker.keys import Keys

_Fields = tuple[str, ...]
_OF_JOBS, _STAMPS = ("expires_at", "unique_until", "debounce_by"), ("started_at", "ended_at")
_OF_BREAKERS = ("bucket", "since", "probe_at", "at", "opened")


def let_pass(client: Redis, keys: Keys, seconds: float) -> None:
    """As if so many seconds had gone by for schedule, leases, dead jobs and all that is kept for a time."""
    by_ms = seconds * 1000
    _move_scores(client, [keys.schedule, *_named(client, keys.registry("scheduled", "*"))], seconds)
    _move_numbers(client, _named(client, keys.spoken_for("*")), seconds * 1_000_000)
    lasting = (keys.leases, keys.dead, keys.alarms, keys.breakers)
    _move_scores(client, [*lasting, *_named(client, keys.on_the_way("*"))], by_ms)
    _move_windows(client, keys, by_ms)
    _move_moments(client, _named(client, keys.job("*")), _OF_JOBS, _STAMPS, by_ms)
    _move_moments(client, _named(client, keys.breaker("*")), _OF_BREAKERS, (), by_ms)
    _shorten_lives(client, _named(client, "*"), int(by_ms))


def _named(client: Redis, pattern: str) -> list[bytes]:
    return cast(list[bytes], client.keys(pattern))


def _each(client: Redis, ask: Callable[[Any, Any], Any], names: Sequence[Any]) -> Iterator[Any]:
    """Each name with what is answered to a question about it; all are asked in one round trip."""
    pipe = client.pipeline(transaction=False)
    for name in names:
        ask(pipe, name)
    return zip(names, pipe.execute(), strict=True)


def _move_scores(client: Redis, names: Sequence[Any], by: float) -> None:
    moving = client.pipeline(transaction=False)
    for key, members in _each(client, lambda pipe, key: pipe.zrange(key, 0, -1), names):
        for member in members:
            moving.zincrby(key, -by, member)
    moving.execute()


def _move_windows(client: Redis, keys: Keys, by_ms: float) -> None:
    """Also how many started since one ended, which is kept by its end."""
    for member, begins in cast(list[Any], client.zrange(keys.frozen, 0, -1, withscores=True)):
        what, ends, *rest = member.split(b"\x1f")
        moved = b"%.0f" % (int(ends) - by_ms)
        client.zrem(keys.frozen, member)
        client.zadd(keys.frozen, {b"\x1f".join((what, moved, *rest)): begins - by_ms})
        counted = client.get(keys.started_since(what.decode(), ends.decode()))
        if counted is not None:
            client.set(
                keys.started_since(what.decode(), moved.decode()), cast(bytes, counted), px=10**9
            )


def _move_numbers(client: Redis, names: Sequence[bytes], by: float) -> None:
    moving = client.pipeline(transaction=False)
    for key, value in _each(client, lambda pipe, key: pipe.get(key), names):
        # It may have ended by itself meanwhile.
        if value is not None:
            moving.set(key, f"{int(value) - by:.0f}", keepttl=True)
    moving.execute()


def _move_moments(
    client: Redis, names: Sequence[bytes], moments: _Fields, stamps: _Fields, by_ms: float
) -> None:
    """Moments are milliseconds, stamps are for people.

    A lease is as long as before, from the moment that it began; an end is as long ago as all else.
    """
    moving = client.pipeline(transaction=False)
    asked = _each(client, lambda pipe, key: pipe.hmget(key, (*moments, *stamps)), names)
    for key, values in asked:
        said = {f: v for f, v in zip((*moments, *stamps), values, strict=True) if v}
        moved: dict[Any, Any] = {f: f"{float(said[f]) - by_ms:.0f}" for f in moments if f in said}
        moved |= {f: _earlier(said[f].decode(), by_ms) for f in stamps if f in said}
        if moved:
            moving.hset(key, mapping=moved)
    moving.execute()


def _earlier(stamp: str, by_ms: float) -> str:
    return f"{datetime.fromisoformat(stamp) - timedelta(milliseconds=by_ms):%Y-%m-%dT%H:%M:%S.%f}Z"


def _shorten_lives(client: Redis, names: Sequence[bytes], by_ms: int) -> None:
    moving = client.pipeline(transaction=False)
    for key, left in _each(client, lambda pipe, key: pipe.pttl(key), names):
        if left > max(by_ms, -1):
            moving.pexpire(key, left - by_ms)
        elif left >= 0:
            moving.delete(key)
    moving.execute()
