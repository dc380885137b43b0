"""Dramatiq's actors."""

from __future__ import annotations

import os
from typing import Any

import dramatiq
import runs
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"]))


@dramatiq.actor(queue_name="bench")
def noop(payload: dict[str, Any]) -> None:
    runs.noop()


@dramatiq.actor(queue_name="bench")
def stamp(payload: dict[str, Any]) -> None:
    runs.stamp(payload)


@dramatiq.actor(queue_name="bench")
def wait(payload: dict[str, Any]) -> None:
    runs.wait()
