"""Replays where Postgres accepts jobs: it knows ids alone, and a key is still one call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from backend.bootstrap.platform import Platform
from tests.integration.api.caller import Caller
from tests.integration.api.wiring import BOOTSTRAP, application, parts_of
from tests.integration.api.work import Work


@pytest.fixture
def platform(by_outbox: Platform) -> Platform:
    """The deployment of the tests."""
    return by_outbox


@pytest.fixture
def app(platform: Platform, tmp_path: Path) -> Iterator[Flask]:
    with application(parts_of(platform, tmp_path / "artifacts")) as app:
        yield app


@pytest.fixture
def old(platform: Platform, work: Work) -> str:
    """A job on record."""
    job_id = platform.queue_service.enqueue_job("greet", {"name": "Ada"})
    work.finish(work.start())
    work.record()
    return job_id


def test_the_same_key_again_is_the_same_replay(app: Flask, old: str) -> None:
    admin = Caller(app, BOOTSTRAP)

    first = admin.post(f"/api/jobs/{old}/replay", {}, Idempotency_Key="again")
    again = admin.post(f"/api/jobs/{old}/replay", {}, Idempotency_Key="again")
    other = admin.post(f"/api/jobs/{old}/replay", {}, Idempotency_Key="another")

    told = again.get_json()
    assert (first.status_code, again.status_code, other.status_code) == (202, 200, 202)
    assert (told["id"], told["created"]) == (first.get_json()["id"], False)
    assert told["answered"] == (f"job {told['id']} was accepted under the same idempotency key")
    assert other.get_json()["id"] != told["id"]


def test_a_key_for_another_payload_is_refused(app: Flask, old: str) -> None:
    admin = Caller(app, BOOTSTRAP)
    admin.post(f"/api/jobs/{old}/replay", {}, Idempotency_Key="again")

    refused = admin.post(
        f"/api/jobs/{old}/replay", {"payload": {"name": "Eve"}}, Idempotency_Key="again"
    )

    assert (refused.status_code, refused.get_json()["code"]) == (422, "idempotency_conflict")


def test_replays_without_a_key_are_jobs_of_their_own(app: Flask, old: str) -> None:
    admin = Caller(app, BOOTSTRAP)

    answers = [admin.post(f"/api/jobs/{old}/replay", {}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert len({answer.get_json()["id"] for answer in answers}) == 2
