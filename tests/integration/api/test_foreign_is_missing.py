"""A job of another tenant is answered as one that never was: to the word, wherever an id is taken."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from backend.api.access.rights import RIGHTS
from backend.api.http.operation import Operation
from backend.api.request.api_services import ApiServices
from backend.api.routers import OPERATIONS
from backend.bootstrap.platform import Platform
from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.errors import JobNotFound
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

_BODIES = {"jobs.reprioritise": {"priority": "high"}}
#: What is another in every answer.
_OWN = {"X-Request-ID", "Date", "traceparent"}
TAKING_AN_ID = [
    (each, path)
    for each in OPERATIONS
    if RIGHTS[each.name].tenants
    for path in each.paths
    if "{job_id}" in path
]


@pytest.fixture
def beta(app: Flask, parts: ApiServices) -> Caller:
    """An operator who is bound to another tenant than the job is of."""
    return Caller(app, parts.keys.create("beta", Role.OPERATOR, by="tests", tenant="beta").token)


def _told(answer: Any, job_id: str) -> tuple[int, str, dict[str, str]]:
    text = re.sub(r'"request_id":"[^"]*"', "", answer.text).replace(job_id, "ID")
    headers = {name: value for name, value in answer.headers.items() if name not in _OWN}
    return answer.status_code, text, headers | {"Content-Length": ""}


@pytest.mark.parametrize(
    ("operation", "path"), [pytest.param(*each, id=each[1]) for each in TAKING_AN_ID]
)
@pytest.mark.parametrize("is_live", [True, False], ids=["live", "on record"])
def test_an_operation_tells_nobody_that_another_tenant_has_such_a_job(
    platform: Platform,
    *,
    admin: Caller,
    beta: Caller,
    work: Work,
    operation: Operation,
    path: str,
    is_live: bool,
) -> None:
    admin.enqueue(tenant="acme", job_id="acme-job-1")
    if not is_live:
        work.finish(work.start())
        work.record()
        platform.redis.flushall()
        platform.load_library()

    def answer(job_id: str) -> tuple[int, str, dict[str, str]]:
        address = path.replace("{job_id}", job_id).replace("{artifact_id}", "a1")
        body = _BODIES.get(operation.name)
        return _told(beta.send(operation.method, address, body), job_id)

    assert answer("acme-job-1") == answer("none-such1")
    assert answer("acme-job-1")[0] == 404


@pytest.mark.parametrize("path", ["/api/jobs/cancel", "/api/jobs/run"])
@pytest.mark.parametrize("dry_run", [True, False])
def test_an_action_on_many_tells_as_little(
    admin: Caller, beta: Caller, path: str, *, dry_run: bool
) -> None:
    admin.enqueue(tenant="acme", job_id="acme-job-1")

    answers = [
        _told(beta.post(path, {"job_ids": [job_id], "dry_run": dry_run}), job_id)
        for job_id in ("acme-job-1", "none-such1")
    ]

    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_a_selection_that_another_tenants_job_is_in_is_refused_by_the_same_words(
    parts: ApiServices, admin: Caller
) -> None:
    admin.enqueue(tenant="acme", job_id="acme-job-1")
    beta = Actor("beta", Role.OPERATOR, tenant="beta")

    with pytest.raises(JobNotFound, match="no job 'acme-job-1' on record; it was never accepted"):
        parts.actions.many_jobs.cancel_many(beta, ["acme-job-1"])
