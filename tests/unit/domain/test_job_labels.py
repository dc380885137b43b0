"""What is read from the options that a job carries, for everybody who asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import Followed
from backend.domain.jobs.options.job_labels import NO_LABELS, JobLabels, labels_in, labels_of
from backend.domain.jobs.options.job_terms import JobTerms, terms_in, terms_of
from backend.domain.jobs.options.unique import UniqueScope

SAID = {
    "tags": ["vip", "eu"],
    "tenant": "acme",
    "trace_id": "t-1",
    "context_id": "c-1",
    "callback_url": "https://example.com/told",
    "is_test": True,
    "is_confined": True,
    "environment": "staging",
    "parent_id": "p-1",
    "event_id": "e-1",
    "schedule": "nightly",
    "version": 3,
    "replay_of": "r-1",
    "traceparent": "00-t-s-01",
    "tracestate": "vendor=1",
    "follows": {"job_id": "f-1", "job_type": "greet", "state": "failed", "attempt": 2},
}
LABELS = JobLabels(
    ("vip", "eu"),
    "acme",
    "t-1",
    "c-1",
    "https://example.com/told",
    True,
    True,
    "staging",
    "p-1",
    "e-1",
    "nightly",
    3,
    "r-1",
    "00-t-s-01",
    "vendor=1",
    Followed("f-1", "greet", "failed", 2),
)
TERMS = {
    "retry_delays": [1, 2.5],
    "jitter": 0.2,
    "timeout": 1.5,
    "result_ttl": 60,
    "expires_at": "2026-06-01T12:00:00+00:00",
    "idempotency_key": "order-17",
    "idempotency_window": 30,
    "limit_key": "shop-17",
    "limit": 2,
    "scope": "started/120/report:7",
    "hold": True,
    "rate_share": "2/3/100/60/10/crm:a",
    "destination": "webhook:hooks.example.com:443",
}


def test_every_label_is_read() -> None:
    assert labels_of(SAID) == LABELS
    assert labels_in(json.dumps(SAID)) == labels_in(json.dumps(SAID).encode()) == LABELS
    assert SAID.keys() == set(JobLabels._fields)


@pytest.mark.parametrize("nothing", ["", "{}", b"", b"{}"])
def test_what_is_not_said_is_empty(nothing: str | bytes) -> None:
    assert labels_in(nothing) is NO_LABELS
    assert terms_in(nothing) == JobTerms()
    assert labels_of({"tags": None, "tenant": None, "is_test": False}) == NO_LABELS


@pytest.mark.parametrize("options", ["[]", "7", '"x"', "null"])
def test_options_are_an_object(options: str) -> None:
    with pytest.raises(ValueError, match="must be an object"):
        labels_in(options)


def test_every_term_is_read() -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)

    scope = UniqueScope("report:7", "started", longest_wait_seconds=120.0)
    share = "2/3/100/60/10/crm:a"
    assert terms_of(TERMS) == JobTerms(
        *((1, 2.5), 0.2, 1.5, 60, noon, "order-17", 30.0, "shop-17", 2, scope, True, share),
        TERMS["destination"],
    )
    assert TERMS.keys() == set(JobTerms._fields)


@pytest.mark.parametrize(
    ("said", "policy"),
    [
        ({}, RetryPolicy(max_retries=4)),
        ({"retry_delays": []}, RetryPolicy((), 4)),
        ({"retry_delays": [7], "jitter": 0}, RetryPolicy((7,), 4, 0)),
    ],
)
def test_a_job_keeps_its_retry_policy(said: dict[str, Any], policy: RetryPolicy) -> None:
    assert terms_of(said).retry_policy(5) == policy


def test_a_job_shows_its_labels_and_its_limit() -> None:
    job = JobView("j", "greet", "normal", JobState.QUEUED, {}, 0, 1, options={**SAID, **TERMS})

    assert (job.labels, job.tags, job.trace_id) == (LABELS, ["vip", "eu"], "t-1")
    assert (job.limit_key, job.limit) == ("shop-17", 2)
