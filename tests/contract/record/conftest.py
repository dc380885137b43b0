"""Every test of this folder runs over each record; what is recorded happens at a broker in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.embedded.servers import Servers
from backend.history.reading.history_store import PostgresHistoryStore
from backend.history.recording.record_writer import PostgresRecordWriter
from backend.history.server.connection import connect
from backend.memory.record.memory_record import MemoryRecord
from tests.contract.broker.brokers import InMemory
from tests.contract.record.chronicle import Chronicle
from tests.integration.history.databases import empty, migrated_database


@pytest.fixture(scope="session")
def record_url(servers: Servers) -> Iterator[str]:
    """A database that has every table."""
    with migrated_database(servers.database_url) as url:
        yield url


@pytest.fixture(params=["memory", "postgres"])
def chronicle(request: pytest.FixtureRequest) -> Iterator[Chronicle]:
    """Nothing has happened yet, and nothing is on record."""
    broker = InMemory()
    if request.param == "memory":
        record = MemoryRecord(broker.clock.now)
        yield Chronicle(broker, record, record)
        return
    engine = connect(request.getfixturevalue("record_url"), name="test")
    empty(engine)
    yield Chronicle(broker, PostgresRecordWriter(engine), PostgresHistoryStore(engine))
    engine.dispose()
