"""What is written in one transaction is bounded by bytes, and by what a slow Postgres gets done."""

from __future__ import annotations

import pytest

from backend.domain.jobs.job_event import JobEvent
from backend.history.recording import record_writer
from backend.history.recording.part_size import PartSize
from backend.history.recording.record_writer import parts_of

#: As many events as there are.
ALL = 1_000_000


def _events(*sizes: int) -> list[JobEvent]:
    return [JobEvent(f"{at}-0", "finished", "j", body="x" * size) for at, size in enumerate(sizes)]


def test_small_events_are_written_at_once() -> None:
    events = _events(*[10] * 100)

    assert list(parts_of(events, ALL)) == [events]


def test_large_ones_are_written_in_parts_that_keep_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(record_writer, "PART_BYTES", 100)
    events = _events(60, 60, 5, 200, 1, 1)

    parts = list(parts_of(events, ALL))

    assert [len(part) for part in parts] == [2, 2, 2]
    assert [event for part in parts for event in part] == events


def test_no_events_are_no_part() -> None:
    assert list(parts_of([], ALL)) == []


def test_no_part_has_more_events_than_are_wanted() -> None:
    events = _events(*[10] * 7)

    assert [len(part) for part in parts_of(events, 3)] == [3, 3, 1]


def test_parts_are_halved_by_what_took_too_long_and_grow_slowly_once_they_get_through() -> None:
    size = PartSize()
    size.took_too_long(2000)
    size.took_too_long(1000)
    assert size.most == 500

    size.got_through()
    assert 500 < size.most < 600
    for _ in range(100):
        size.got_through()
    assert size.most == PartSize().most


def test_a_single_event_that_takes_too_long_is_still_offered() -> None:
    size = PartSize()
    size.took_too_long(1)

    assert size.most == 1
