"""Files that jobs produced are on record, and nothing in a result can spoil the record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.history.chronicle import Chronicle

FILE = {
    "id": "f" * 32,
    "attempt": 1,
    "name": "orders.csv",
    "media_type": "text/csv",
    "size_bytes": 12,
    "sha256": "ab" * 32,
    "location": "local:f.data",
    "created_at": "2026-03-10T12:00:00+00:00",
    "expires_at": "2026-04-10T12:00:00+00:00",
}


def finish(chronicle: Chronicle, result: Any) -> str:
    """A job that ended with this result, with its id wherever it says ME."""
    job = chronicle.bench.started()
    body = json.dumps(result).replace('"ME"', f'"{job.id}"')
    chronicle.bench.settle(job, "finished", body=body)
    chronicle.record()
    return job.id


def test_a_file_is_on_record_wherever_the_result_tells_of_it(chronicle: Chronicle) -> None:
    job_id = finish(chronicle, {"parts": [{"artifact": {**FILE, "job_id": "ME"}}], "rows": 3})

    [row] = chronicle.rows("SELECT * FROM artifacts")
    assert (row["id"], row["job_id"], row["name"], row["size_bytes"]) == (
        FILE["id"],
        job_id,
        "orders.csv",
        12,
    )
    assert bytes(row["sha256"]).hex() == FILE["sha256"]
    assert row["expires_at"] == datetime(2026, 4, 10, 12, tzinfo=UTC)
    assert row["deleted_at"] is None


def test_the_same_event_twice_is_one_file(chronicle: Chronicle) -> None:
    finish(chronicle, {**FILE, "job_id": "ME"})

    chronicle.write(*[event for event, _ in [(e, 0) for e in chronicle.bench.events()]])

    assert len(chronicle.rows("SELECT id FROM artifacts")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"job_id": "another"},
        {"sha256": "no hash"},
        {"id": "../../etc/passwd"},
        {"size_bytes": -1},
        {"size_bytes": "many"},
        {"attempt": 0},
        {"created_at": "yesterday"},
        {"expires_at": "2026-04-10T12:00:00"},
        {"name": ""},
        {"name": "a\0b"},
        {"location": None, "media_type": ""},
    ],
    ids=str,
)
def test_what_only_looks_like_a_file_spoils_nothing(
    chronicle: Chronicle, wrong: dict[str, Any]
) -> None:
    job_id = finish(chronicle, {**FILE, "job_id": "ME", **wrong})

    assert chronicle.job(job_id)["status"] == "finished"
    assert chronicle.rows("SELECT id FROM artifacts") == []
    assert chronicle.rows("SELECT stream_id FROM set_aside_events") == []
