"""Redis falls silent in the middle of a request: the caller is told what may have become of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backend.bootstrap.platform import Platform
from tests.eventually import eventually
from tests.integration.api.caller import Caller
from tests.integration.api.lost_answers import lose_an_answer_to
from tests.integration.api.wiring import BOOTSTRAP, ApiPlatform, application, parts_of
from tests.integration.outages.redis_process import RedisProcess

_GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path / "redis")
    yield server
    server.end()


@pytest.fixture
def silent_platform(redis: RedisProcess, migrated: str) -> Iterator[Platform]:
    platform = ApiPlatform(redis.url, migrated)
    platform.load_library()
    yield platform
    platform.close()


@pytest.fixture
def silent_app(silent_platform: Platform, tmp_path: Path) -> Iterator[Flask]:
    with application(parts_of(silent_platform, tmp_path / "artifacts")) as app:
        yield app


def test_a_job_that_may_run_is_told_and_is_in_the_audit_log(
    redis: RedisProcess, silent_platform: Platform, silent_app: Flask
) -> None:
    admin = Caller(silent_app, BOOTSTRAP)
    assert admin.post("/api/jobs", _GREETING).status_code == 202
    redis.freeze()
    answer = admin.post("/api/jobs", _GREETING)
    redis.thaw()

    assert answer.status_code == 503
    told = answer.get_json()["details"]
    assert told == {"job_id": told["job_id"], "may_be_accepted": True}
    eventually(lambda: silent_platform.job_queue.find(told["job_id"]), timeout=20)
    silent_app.extensions["tally-app-state"].enqueue_audit.write()
    rows = admin.get("/api/audit?action=jobs.enqueue").get_json()
    assert told["job_id"] in str(rows)


def test_an_accepted_job_is_told_as_accepted_whatever_happens_while_its_end_is_waited_for(
    redis: RedisProcess, silent_app: Flask
) -> None:
    admin = Caller(silent_app, BOOTSTRAP)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(admin.post("/api/jobs", _GREETING, Prefer="wait=10"))

    caller = threading.Thread(target=ask)
    caller.start()
    eventually(lambda: redis.admin.info("clients")["blocked_clients"] == 1, timeout=20)
    redis.freeze()
    caller.join(60)
    redis.thaw()

    assert [answer.status_code for answer in answers] == [202]
    assert redis.admin.exists(f"rq:job:{answers[0].get_json()['id']}")


def test_a_job_whose_first_answer_was_lost_is_told_as_new_and_is_in_the_audit_log(
    admin: Caller, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_an_answer_to("enqueue", monkeypatch)

    answer = admin.post("/api/jobs", _GREETING)

    job = answer.get_json()
    assert (answer.status_code, job["created"]) == (202, True)
    app.extensions["tally-app-state"].enqueue_audit.write()
    assert job["id"] in admin.get("/api/audit?action=jobs.enqueue").text
