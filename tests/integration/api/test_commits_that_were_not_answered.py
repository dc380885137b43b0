"""Postgres falls silent at a commit: the caller is told what may run, and the audit log has who asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from backend.bootstrap.platform import Platform
from tests.integration.api.caller import Caller
from tests.integration.api.wiring import BOOTSTRAP, application, parts_of
from tests.integration.history.lost_commits import lose_the_commit

_GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}


@pytest.fixture
def app(by_outbox: Platform, tmp_path: Path) -> Iterator[Flask]:
    with application(parts_of(by_outbox, tmp_path / "artifacts")) as app:
        yield app


@pytest.mark.parametrize("is_test_run", [False, True])
def test_a_job_that_may_run_is_told_and_is_in_the_audit_log(
    by_outbox: Platform, app: Flask, monkeypatch: pytest.MonkeyPatch, *, is_test_run: bool
) -> None:
    admin = Caller(app, BOOTSTRAP)
    lose_the_commit(by_outbox.history_engine, "job_outbox", monkeypatch)

    if is_test_run:
        answer = admin.post("/api/jobs/types/greet/test", {"payload": {"name": "Ada"}})
    else:
        answer = admin.post("/api/jobs", _GREETING)

    told = answer.get_json()
    assert (answer.status_code, told["code"]) == (503, "history_unavailable")
    job_id = told["details"]["job_id"]
    assert told["details"] == {"job_id": job_id, "may_be_accepted": True}
    assert admin.get(f"/api/jobs/{job_id}").get_json()["state"] == "queued"
    app.extensions["tally-app-state"].enqueue_audit.write()
    assert job_id in admin.get("/api/audit").text


def test_of_a_plan_too(by_outbox: Platform, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    admin, body = Caller(app, BOOTSTRAP), {"jobs": [_GREETING, _GREETING]}
    plan = admin.post("/api/jobs/preview", body).get_json()["plan"]
    lose_the_commit(by_outbox.history_engine, "job_outbox", monkeypatch)

    answer = admin.post("/api/jobs/enqueue", body | {"plan": plan})

    first, second = answer.get_json()["details"]["job_ids"]
    app.extensions["tally-app-state"].enqueue_audit.write()
    audit = admin.get("/api/audit").text
    assert (first in audit, second in audit) == (True, True)


def test_an_event_that_may_be_on_record_is_told(
    by_outbox: Platform, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = Caller(app, BOOTSTRAP)
    lose_the_commit(by_outbox.history_engine, "event_records", monkeypatch)

    answer = admin.post("/api/events", {"name": "user.created", "payload": {"name": "Ada"}})

    told = answer.get_json()["details"]
    assert told == {"event_id": told["event_id"], "may_be_accepted": True}
    assert admin.get(f"/api/events/{told['event_id']}").status_code == 200
