"""A job survives being written into the outbox and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.errors import TallyError
from backend.domain.events.outbox import without_delay
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.queue_name import QueueName
from backend.history.outbox.outbox_text import job_in, text_of

NOW = datetime(2026, 1, 27, tzinfo=UTC)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _job(**fields: object) -> NewJob:
    values = {
        "id": "a",
        "job_type": "greet",
        "queue": QueueName.parse("high:email"),
        "payload": "{}",
    }
    rest = {"options": {}, "max_attempts": 1, "timeout": 60.0, "result_ttl": 60}
    return NewJob(**{**values, **rest, **fields})  # type: ignore[arg-type]


@given(_json, st.dictionaries(st.text(), _json, max_size=3))
def test_any_payload_and_options_survive(payload: object, options: dict[str, object]) -> None:
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    job = _job(payload=text, options=options)

    assert job_in(text_of(job)) == job


def test_every_field_survives() -> None:
    job = _job(
        run_at=NOW,
        expires_at=NOW + timedelta(microseconds=1),
        unique_key="k",
        unique_window=0.5,
        limit_key="l",
        limit=3,
    )

    assert job_in(text_of(job)) == job


def test_a_written_job_is_plain_ascii() -> None:
    assert text_of(_job(payload='{"a":"\u20ac\\ud800"}')).isascii()


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"id":"a"}'])
def test_what_is_no_job_of_ours_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, TallyError)):
        job_in(text)


def test_a_delay_becomes_an_instant() -> None:
    assert without_delay(_job(delay=5.0), NOW).run_at == NOW + timedelta(seconds=5)
    assert without_delay(_job(run_at=NOW), NOW).run_at == NOW
