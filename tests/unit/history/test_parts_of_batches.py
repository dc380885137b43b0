"""What is written in one transaction is bounded by bytes."""

from __future__ import annotations

import pytest

from backend.domain.jobs.job_event import JobEvent
from backend.history.recording import record_writer
from backend.history.recording.record_writer import parts_of


def _events(*sizes: int) -> list[JobEvent]:
    return [JobEvent(f"{at}-0", "finished", "j", body="x" * size) for at, size in enumerate(sizes)]


def test_small_events_are_written_at_once() -> None:
    events = _events(*[10] * 100)

    assert list(parts_of(events)) == [events]


def test_large_ones_are_written_in_parts_that_keep_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record_writer, "PART_BYTES", 100)
    events = _events(60, 60, 5, 200, 1, 1)

    parts = list(parts_of(events))

    assert [len(part) for part in parts] == [2, 2, 2]
    assert [event for part in parts for event in part] == events


def test_no_events_are_no_part() -> None:
    assert list(parts_of([])) == []
