"""Nothing is set aside for a partition that is not attached: the stream keeps its events until it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.domain.errors import HistoryUnavailable
from tests.integration.history.chronicle import Chronicle
from tests.integration.history.databases import run


@pytest.fixture
def month(chronicle: Chronicle) -> Iterator[str]:
    """The table of this month's events, which a recorder has written into."""
    chronicle.bench.finished()
    chronicle.record()
    [found] = chronicle.rows("SELECT DISTINCT tableoid::regclass::text AS name FROM job_events")
    name = found["name"]
    run(chronicle.engine, f"ALTER TABLE job_events DETACH PARTITION {name}")
    yield name
    run(chronicle.engine, f"DROP TABLE IF EXISTS {name}")
    run(chronicle.engine, "SELECT make_job_events_partition(current_date)")


def _bounds(name: str) -> str:
    first = f"date '{name[-7:].replace('_', '-')}-01'"
    month = f"({first})::timestamp AT TIME ZONE 'UTC'"
    after = f"({first} + interval '1 month')::timestamp AT TIME ZONE 'UTC'"
    return f"FOR VALUES FROM (version_at({month})) TO (version_at({after}))"


def test_events_of_a_month_that_was_detached_wait_until_it_is_attached(
    chronicle: Chronicle, month: str
) -> None:
    job_id = chronicle.bench.finished()
    recorder = chronicle.recorder()

    for _ in range(2):
        with pytest.raises(HistoryUnavailable, match="attach the table of that time again"):
            recorder.record_batch()

    assert chronicle.rows("SELECT * FROM set_aside_events") == []
    assert chronicle.unacknowledged() == 3
    run(chronicle.engine, f"ALTER TABLE job_events ATTACH PARTITION {month} {_bounds(month)}")
    assert recorder.record_batch() == 3
    assert chronicle.kinds(job_id) == ["enqueued", "started", "finished"]


def test_a_month_that_was_dropped_meanwhile_is_made_again(chronicle: Chronicle, month: str) -> None:
    recorder = chronicle.recorder()
    run(chronicle.engine, f"ALTER TABLE job_events ATTACH PARTITION {month} {_bounds(month)}")
    first = chronicle.bench.finished()
    assert recorder.record_batch() == 3
    run(chronicle.engine, f"DROP TABLE {month}")

    second = chronicle.bench.finished()
    assert recorder.record_batch() == 3

    assert chronicle.kinds(first) == []
    assert chronicle.kinds(second) == ["enqueued", "started", "finished"]
    assert recorder.set_aside == 0
