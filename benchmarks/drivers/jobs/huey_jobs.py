"""Huey's tasks."""

from __future__ import annotations

import os
from typing import Any

import runs
from huey import RedisHuey
from redis import ConnectionPool

# One for each of 500 threads; redis-py's own limit is 100.
_pool = ConnectionPool.from_url(os.environ["REDIS_URL"], max_connections=1000)
huey = RedisHuey("bench", connection_pool=_pool, results=False, immediate=False)


@huey.task()
def noop(payload: dict[str, Any]) -> None:
    runs.noop()


@huey.task()
def stamp(payload: dict[str, Any]) -> None:
    runs.stamp(payload)


@huey.task()
def wait(payload: dict[str, Any]) -> None:
    runs.wait()
