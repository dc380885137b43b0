"""What a process is told of a store that nobody asks at the moment."""

from __future__ import annotations

import pytest

from backend.domain.errors import QueueUnavailable
from backend.loops.store_watch import StoreWatch


def test_it_looks_now_and_then_and_passes_on_what_it_sees() -> None:
    looks: list[str] = []

    def look() -> None:
        looks.append("looked")
        if len(looks) > 1:
            raise QueueUnavailable("Redis is away")

    watch = StoreWatch("redis", look)

    assert (watch.name, watch.run_once()) == ("redis", 5.0)
    with pytest.raises(QueueUnavailable):
        watch.run_once()
