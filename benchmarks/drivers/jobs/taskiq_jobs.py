"""taskiq's broker and tasks."""

from __future__ import annotations

import os
from typing import Any

import runs
from taskiq import TaskiqScheduler
from taskiq_redis import ListQueueBroker, ListRedisScheduleSource

broker = ListQueueBroker(os.environ["REDIS_URL"], queue_name="bench")
source = ListRedisScheduleSource(os.environ["REDIS_URL"])
scheduler = TaskiqScheduler(broker, [source])


@broker.task
async def noop(payload: dict[str, Any]) -> None:
    runs.noop()


@broker.task
async def stamp(payload: dict[str, Any]) -> None:
    runs.stamp(payload)


@broker.task
async def wait(payload: dict[str, Any]) -> None:
    await runs.async_wait()
