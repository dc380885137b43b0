"""Time that passes in Redis, whose clock nobody can move: all that is due comes nearer instead.

The one place of this suite that knows how Redis keeps things.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from redis import Redis

from backend.broker.keys import Keys

_MOMENTS = ("expires_at", "unique_until", "debounce_by")
_OF_BREAKERS = ("bucket", "since", "probe_at", "at", "opened")


def let_pass(client: Redis, keys: Keys, seconds: float) -> None:
    """As if so many seconds had gone by for schedule, leases, dead jobs and all that is kept for a time."""
    _move_scores(client, keys.schedule, seconds)
    for name in cast(list[bytes], client.keys(keys.registry("scheduled", "*"))):
        _move_scores(client, name, seconds)
    for name in cast(list[bytes], client.keys(keys.spoken_for("*"))):
        _move_number(client, name, seconds * 1_000_000)
    for name in cast(list[bytes], client.keys(keys.on_the_way("*"))):
        _move_scores(client, name, seconds * 1000)
    for key in (keys.leases, keys.dead, keys.alarms, keys.breakers):
        _move_scores(client, key, seconds * 1000)
    _move_windows(client, keys, seconds * 1000)
    for name in cast(list[bytes], client.keys(keys.job("*"))):
        _move_moments(client, name, _MOMENTS, seconds * 1000)
        _move_stamps(client, name, seconds)
    for name in cast(list[bytes], client.keys(keys.breaker("*"))):
        _move_moments(client, name, _OF_BREAKERS, seconds * 1000)
    for name in cast(list[bytes], client.keys("*")):
        _shorten_life(client, name, int(seconds * 1000))


def _move_scores(client: Redis, key: Any, by: float) -> None:
    for member, _ in cast(list[Any], client.zrange(key, 0, -1, withscores=True)):
        client.zincrby(key, -by, member)


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


def _move_stamps(client: Redis, key: bytes, seconds: float) -> None:
    """A lease is as long as before, from the moment that it began; an end is as long ago as all else."""
    for field in ("started_at", "ended_at"):
        stamp = cast("bytes | None", client.hget(key, field))
        if stamp:
            moved = datetime.fromisoformat(stamp.decode()) - timedelta(seconds=seconds)
            client.hset(key, field, f"{moved:%Y-%m-%dT%H:%M:%S.%f}Z")


def _move_number(client: Redis, key: bytes, by: float) -> None:
    value = cast("bytes | None", client.get(key))
    # It may have ended by itself meanwhile.
    if value is not None:
        client.set(key, f"{int(value) - by:.0f}", keepttl=True)


def _move_moments(client: Redis, key: bytes, fields: tuple[str, ...], by_ms: float) -> None:
    for field, value in zip(fields, cast(list[Any], client.hmget(key, fields)), strict=True):
        if value:
            client.hset(key, field, f"{float(value) - by_ms:.0f}")


def _shorten_life(client: Redis, key: bytes, by_ms: int) -> None:
    left = cast(int, client.pttl(key))
    if left >= 0:
        client.pexpire(key, max(left - by_ms, 1)) if left > by_ms else client.delete(key)
