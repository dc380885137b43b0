"""What happens at a broker, and what is found of it on record."""

from __future__ import annotations

from typing import Any

from backend.domain.history.history_ports import EventBatch, EventRecord, HistoryReader
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.job_event import JobEvent
from backend.domain.jobs.job_filter import JobFilter
from tests.contract.broker.brokers import InMemory
from tests.contract.broker.scene import Scene


class Chronicle:
    """One deployment, and the record of it."""

    def __init__(self, broker: InMemory, record: EventRecord, reader: HistoryReader) -> None:
        self.broker = broker
        self.scene = Scene(broker)
        self.record = record
        self.reader = reader

    def write(self) -> list[JobEvent]:
        """Records all that has happened until now."""
        batch = self.broker.events.read(10_000, 0.0)
        self.record.write(batch)
        self.broker.events.acknowledge(batch)
        return list(batch.events)

    def write_again(self, events: list[JobEvent]) -> None:
        """The recorder was killed before it could acknowledge: its batch comes once more."""
        self.record.write(EventBatch(events))

    def find(self, job_id: str) -> JobHistory:
        """What is on record of one job."""
        found = self.reader.find(job_id)
        assert found is not None
        return found

    def search(self, **wanted: Any) -> list[str]:
        """The ids of the jobs that a filter takes, the newest first."""
        return [job.id for job in self.reader.search(JobFilter(**wanted), 100, None).jobs]
