"""Every test of this folder runs over each broker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext

import pytest

from tests.contract.broker.brokers import Broker, InMemory, in_fakeredis, in_redis
from tests.contract.broker.scene import Scene


@pytest.fixture(params=["memory", "fakeredis", "redis"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    """An empty deployment; whatever a test does there, its books must balance at the end."""
    with _broker(request) as broker:
        scene = Scene(broker)
        yield scene
        assert scene.imbalance() == {}


def _broker(request: pytest.FixtureRequest) -> AbstractContextManager[Broker]:
    if request.param == "memory":
        return nullcontext(InMemory())
    if request.param == "fakeredis":
        return in_fakeredis()
    return in_redis(request.getfixturevalue("servers").redis_url)
