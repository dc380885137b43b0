"""A clean Redis with the library loaded, and the helpers that seed and read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server import command_words, functions
from tests.integration.broker.bench import Bench


@pytest.fixture(autouse=True)
def _texts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is called with a number: see `command_words`."""
    pack = command_words.packed

    def packed(command: tuple[str | bytes, ...]) -> bytes:
        assert [word for word in command if not isinstance(word, str | bytes)] == []
        return pack(command)

    for module in (command_words, functions):
        monkeypatch.setattr(module, "packed", packed)


@pytest.fixture
def bench(redis: Redis) -> Iterator[Bench]:
    """Seeds jobs, calls steps, reads structures back; after each test, everything must add up."""
    bench = Bench(redis, Keys("rq"))
    yield bench
    if not bench.tampered:
        assert bench.complaints() == []
