"""An id or a key that another tenant's job has cannot be used, and nothing of that job is told."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.domain.access.role import Role
from tests.integration.api.caller import Caller
from tests.integration.api.lost_answers import lose_an_answer_to
from tests.integration.api.work import Work

GREET = {"job_type": "greet", "payload": {"name": "Ada"}}
EVE = {"job_type": "greet", "payload": {"name": "Eve"}}
WORDS = "this job id cannot be used: it is taken; nothing was enqueued for it. Use a new one for a new job"


@pytest.fixture
def beta(app: Flask, parts: ApiServices) -> Caller:
    """A caller whose key is bound to a tenant."""
    return Caller(app, parts.keys.create("beta", Role.OPERATOR, by="tests", tenant="beta").token)


def _check(problem: dict[str, Any], job_id: str, accepted: list[str] | None = None) -> None:
    assert (problem["code"], problem["detail"]) == ("idempotency_conflict", WORDS)
    assert problem["details"] == {"job_id": job_id, "accepted": accepted or []}
    assert "acme" not in str(problem).replace(job_id, "")


@pytest.mark.parametrize("asked", [GREET, EVE], ids=["the same", "another"])
def test_an_id_that_another_tenants_job_has_is_taken_and_no_more_is_said(
    admin: Caller, beta: Caller, asked: dict[str, Any]
) -> None:
    admin.post("/api/jobs", GREET | {"tenant": "acme", "job_id": "order-1"})

    answer = beta.post("/api/jobs", asked | {"job_id": "order-1"})

    assert answer.status_code == 422
    _check(answer.get_json(), "order-1")


def test_who_guesses_id_and_payload_of_another_tenants_job_does_not_get_its_result(
    admin: Caller, beta: Caller, work: Work
) -> None:
    theirs = admin.enqueue(tenant="acme")
    work.finish(work.start(), "a secret")

    answer = beta.post("/api/jobs", GREET | {"job_id": theirs}, Prefer="wait=1")

    assert answer.status_code == 422
    _check(answer.get_json(), theirs)
    assert "secret" not in answer.text


def test_nor_does_who_asks_twice_because_the_first_answer_was_lost(
    admin: Caller, beta: Caller, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = admin.enqueue(tenant="acme")
    work.finish(work.start(), "a secret")
    lose_an_answer_to("enqueue", monkeypatch)

    answer = beta.post("/api/jobs", GREET | {"job_id": theirs}, Prefer="wait=1")

    assert answer.status_code == 422
    _check(answer.get_json(), theirs)
    assert "secret" not in answer.text


def test_of_many_the_others_are_accepted_and_told(admin: Caller, beta: Caller) -> None:
    admin.post("/api/jobs", GREET | {"tenant": "acme", "job_id": "order-1"})

    jobs = [GREET | {"job_id": job_id} for job_id in ("mine-1", "order-1", "mine-2")]
    answer = beta.post("/api/jobs/bulk", {"jobs": jobs})

    problem = answer.get_json()
    words = f"jobs[1]: {WORDS}"
    assert problem["errors"] == [{"pointer": "/jobs/1", "detail": words}]
    _check(problem | {"detail": WORDS}, "order-1", ["mine-1", "mine-2"])
    assert problem["detail"] == words


@pytest.mark.parametrize("asked", [GREET, EVE], ids=["the same", "another"])
def test_a_preview_says_the_same(admin: Caller, beta: Caller, asked: dict[str, Any]) -> None:
    theirs = admin.enqueue(tenant="acme")

    plan = beta.post("/api/jobs/preview", {"jobs": [asked | {"job_id": theirs}]}).get_json()

    [job] = plan["jobs"]
    assert (plan["valid"], job["is_valid"], job["twin"]) == (False, False, None)
    assert job["error"] == {
        "code": "idempotency_conflict",
        "message": WORDS,
        "job_id": theirs,
        "accepted": [],
    }


def test_a_plan_whose_id_another_tenant_took_meanwhile_says_the_same(
    admin: Caller, beta: Caller
) -> None:
    jobs = [GREET | {"job_id": "order-1"}]
    plan = beta.post("/api/jobs/preview", {"jobs": jobs}).get_json()["plan"]
    admin.post("/api/jobs", EVE | {"tenant": "acme", "job_id": "order-1"})

    answer = beta.post("/api/jobs/enqueue", {"plan": plan, "jobs": jobs})

    _check(answer.get_json(), "order-1")


def test_of_its_own_job_a_tenant_is_told_which_and_since_when(beta: Caller) -> None:
    beta.post("/api/jobs", GREET | {"job_id": "mine-1"})

    repeated = beta.post("/api/jobs", GREET | {"job_id": "mine-1"})
    other = beta.post("/api/jobs", EVE | {"job_id": "mine-1"}).get_json()

    assert (repeated.status_code, repeated.get_json()["id"]) == (200, "mine-1")
    assert "belongs to job mine-1, which was accepted at" in other["detail"]
