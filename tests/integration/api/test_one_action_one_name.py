"""An action has one name and one right, under whichever path it is asked for."""

from __future__ import annotations

from typing import Any

from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.domain.access.role import Role
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work


def _rows(admin: Caller, answer: Any) -> list[tuple[str, str]]:
    request_id = answer.headers["X-Request-ID"]
    rows = admin.get(f"/api/audit?request_id={request_id}").get_json()["items"]
    return [(row["action"], row["outcome"]) for row in reversed(rows)]


def test_a_dead_job_is_sent_home_by_one_action_under_either_path(
    app: Flask, parts: ApiServices, admin: Caller, work: Work
) -> None:
    blue = Caller(app, parts.keys.create("blue", Role.OPERATOR, by="tests", tenant="blue").token)
    ids = [blue.enqueue(priority="high"), blue.enqueue(priority="high")]
    foreign = admin.enqueue(priority="high", tenant="green")
    work.fail(work.start("high"))

    answers = [
        blue.post(f"/api/jobs/{ids[0]}/retry", {"reason": "again"}),
        blue.post(f"/api/dlq/{ids[1]}/redrive", {"reason": "again"}),
        blue.post(f"/api/dlq/{foreign}/redrive"),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert [_rows(admin, answer) for answer in answers] == [
        [("jobs.retry", "intended"), ("jobs.retry", "done")],
        [("jobs.retry", "intended"), ("jobs.retry", "done")],
        [("jobs.retry", "intended"), ("jobs.retry", "refused")],
    ]


def test_older_paths_are_in_the_document_as_deprecated(admin: Caller) -> None:
    paths = admin.get("/api/openapi.json").get_json()["paths"]

    described = {
        path: (paths[path]["post"]["operationId"], paths[path]["post"]["deprecated"])
        for path in ("/api/dlq/{job_id}/redrive", "/api/jobs/workers/{name}/recycle")
    }
    assert described == {
        "/api/dlq/{job_id}/redrive": ("jobs_retry_alias", True),
        "/api/jobs/workers/{name}/recycle": ("workers_stop_alias", True),
    }
    assert "deprecated" not in paths["/api/jobs/{job_id}/retry"]["post"]
