"""Files that jobs produced are on record, and nothing in a result can spoil the record."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.history.chronicle import Chronicle
from tests.integration.history.test_set_aside import NOISE

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
    body = json.dumps(result).replace('"ME"', f'"{job.id}"').replace("Infinity", "1e400")
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
        {"location": None},
        {"location": NOISE},
        {"size_bytes": 1.5},
        {"size_bytes": True},
        {"size_bytes": "1_0"},
        {"size_bytes": float("inf")},
        {"size_bytes": 1 << 63},
        {"attempt": 1.0},
        {"attempt": 1 << 31},
        {"name": "r\udc80.pdf"},
        {"media_type": 7},
        {"tenant": "a\0"},
        {"tenant": {"a": 1}},
        {"created_at": 5},
        {"created_at": "0001-01-01T00:00:00+12:00"},
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


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-W48-7T10:00:00+00:00", datetime(2026, 11, 29, 10, tzinfo=UTC)),
        ("20260101T000000Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-02T00:00:00+23:59:59.5", datetime(2026, 1, 1, 0, 0, 0, 500_000, UTC)),
    ],
)
def test_an_instant_that_postgres_would_not_read_is_told_so_that_it_does(
    chronicle: Chronicle, written: str, instant: datetime
) -> None:
    job_id = finish(chronicle, {**FILE, "job_id": "ME", "created_at": written})

    assert chronicle.job(job_id)["status"] == "finished"
    assert chronicle.rows("SELECT created_at FROM artifacts") == [{"created_at": instant}]


def test_what_else_a_result_tells_of_a_file_does_not_reach_the_table(chronicle: Chronicle) -> None:
    job_id = finish(chronicle, {**FILE, "job_id": "ME", "deleted_at": "never", "x": "\udc80"})

    assert chronicle.job(job_id)["status"] == "finished"
    assert len(chronicle.rows("SELECT id FROM artifacts")) == 1


#: What handlers may put anywhere, and what Python, JSON and Postgres read each in a way of its own.
ODD_TEXT = st.one_of(
    st.text(max_size=5),
    st.text(st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF), min_size=1, max_size=2),
    st.sampled_from(["\0", "10", " 1 ", "1_0", "1e3", "infinity", "now", "epoch", "NaN", NOISE]),
    st.datetimes(timezones=st.none() | st.timezones()).map(lambda at: at.isoformat()),
    st.dates().map(lambda day: f"{day:%G-W%V-%u}T10:00:00-23:59:59.999999"),
)
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.sampled_from([0, 1, -1, 1 << 31, 1 << 63, 1 << 64, (1 << 31) - 1, (1 << 63) - 1]),
    ODD_TEXT,
    st.lists(ODD_TEXT, max_size=1),
    st.dictionaries(ODD_TEXT, st.none(), max_size=1),
)


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(odd=st.dictionaries(st.sampled_from([*FILE, "tenant"]), ODD, min_size=1, max_size=3))
def test_whatever_a_result_says_of_a_file_the_end_of_its_job_is_on_record(
    chronicle: Chronicle, odd: dict[str, Any]
) -> None:
    job_id = finish(chronicle, {**FILE, "job_id": "ME", **odd})

    assert chronicle.job(job_id)["status"] == "finished"
    assert chronicle.rows("SELECT stream_id, reason FROM set_aside_events") == []
