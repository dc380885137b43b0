"""A test with a queue in memory changes nothing in the Postgres that its settings name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tally
from backend.bootstrap.current import platform
from tally import HistoryUnavailable, SchedulerService
from tally.testing import inline, memory

_IN_POSTGRES: dict[str, Callable[[], Any]] = {
    "a test run": lambda: tally.queue().test_job("log_message", {}),
    "an event": lambda: tally.events().emit_event("order.paid", {"order": 7}),
    "a schedule": lambda: SchedulerService().upsert("nightly", "log_message", {}, cron="0 2 * * *"),
}


@pytest.mark.parametrize("mode", [memory, inline])
@pytest.mark.parametrize("what", _IN_POSTGRES)
def test_what_lives_in_postgres_is_refused_with_the_way_out(mode: Any, what: str) -> None:
    with mode(), pytest.raises(HistoryUnavailable, match="a queue in memory has no Postgres"):
        _IN_POSTGRES[what]()


def test_neither_the_record_nor_its_replica_is_connected_to() -> None:
    with memory():
        for engine in (platform().history_engine, platform().reading_engine):
            with pytest.raises(HistoryUnavailable):
                engine.connect()
