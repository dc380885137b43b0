"""Quotas of tenants over HTTP: said, shown, refused by, told of a job that waits, taken away, audited."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.domain.access.role import Role
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

PATH = "/api/tenants/acme/quota"


def _put(caller: Caller, **said: Any) -> Any:
    return caller.send("PUT", PATH, said)


def test_a_quota_is_said_shown_and_taken_away(admin: Caller, work: Work) -> None:
    said = _put(admin, waiting=50, running=2, starts={"limit": 600, "per": 60}, reason="so much")
    admin.enqueue(tenant="acme")

    expected = {
        "tenant": "acme",
        "waiting": 50,
        "running": 2,
        "waiting_now": 0,
        "running_now": 0,
        "starts": {"limit": 600, "per": 60.0, "burst": 60},
        "aside": 0,
        "is_counted": True,
        "reason": "so much",
        "opens_at": None,
    }
    assert said.status_code == 200
    assert {name: said.get_json()[name] for name in expected} == expected
    assert said.get_json()["by"]
    [line] = admin.get("/api/tenants").get_json()["items"]
    assert (line["tenant"], line["waiting_now"]) == ("acme", 1)
    assert admin.get(PATH).get_json() == line

    assert admin.send("DELETE", PATH).get_json() == {"tenant": "acme", "changed": True}
    assert admin.send("DELETE", PATH).get_json() == {"tenant": "acme", "changed": False}
    missing = admin.get(PATH)
    assert (missing.status_code, missing.get_json()["code"]) == (404, "quota_not_found")
    assert [job.id for job in work.start()]


def test_what_is_over_the_quota_is_refused_with_number_and_limit(admin: Caller) -> None:
    _put(admin, waiting=1)
    admin.enqueue(tenant="acme")

    refused = admin.post(
        "/api/jobs", {"job_type": "greet", "payload": {"name": "Ada"}, "tenant": "acme"}
    )

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    problem = refused.get_json()
    assert problem["code"] == "quota_exceeded"
    assert problem["details"] == {"accepted": 0, "limit": 1, "tenant": "acme", "waiting": 1}
    assert problem["detail"].startswith(
        "1 jobs of the tenant 'acme' wait, and its quota is 1; job "
    )


def test_of_many_jobs_those_that_fit_are_accepted_and_noted(admin: Caller) -> None:
    _put(admin, waiting=2)
    job = {"job_type": "greet", "payload": {"name": "Ada"}, "tenant": "acme"}

    refused = admin.post("/api/jobs/bulk", {"jobs": [job] * 4})

    assert refused.status_code == 429
    details = refused.get_json()["details"]
    assert (details["accepted"], len(details["accepted_ids"])) == (2, 2)
    assert admin.get(PATH).get_json()["waiting_now"] == 2


def test_why_tells_that_as_many_run_as_may(admin: Caller, work: Work) -> None:
    _put(admin, running=1)
    first, second = admin.enqueue(tenant="acme"), admin.enqueue(tenant="acme")
    assert [job.id for job in work.start()] == [first]

    found = admin.get(f"/api/jobs/{second}/why").get_json()["causes"]

    [cause] = [each for each in found if each["code"] == "quota_running"]
    assert cause["text"] == (f"of the tenant 'acme' 1 jobs may run at once, and 1 do: {first}")
    assert cause["details"] == {
        "gate": "tenant:acme",
        "tenant": "acme",
        "limit": 1,
        "holders": [first],
        "waiting": 1,
    }
    gates = {gate["gate"]: gate for gate in admin.get("/api/gates").get_json()["items"]}
    assert (gates["tenant:acme"]["limit"], gates["tenant:acme"]["waiting"]) == (1, 1)


def test_why_tells_when_the_next_may_start(admin: Caller, work: Work) -> None:
    _put(admin, starts={"limit": 1, "per": 3600})
    first, second = admin.enqueue(tenant="acme"), admin.enqueue(tenant="acme")
    assert [job.id for job in work.start()] == [first]

    found = admin.get(f"/api/jobs/{second}/why").get_json()["causes"]

    [cause] = [each for each in found if each["code"] == "quota_starts"]
    assert cause["text"].startswith(
        "of the tenant 'acme' no more than 1 in 3600 s may start: it may"
    )
    assert (cause["details"]["before"], cause["details"]["limit"]) == (0, 1)


def test_the_overview_has_a_sign_for_one_that_is_used_up(admin: Caller, work: Work) -> None:
    _put(admin, waiting=2, running=1)
    admin.enqueue(tenant="acme")
    work.start()
    assert _signs(admin) == []
    admin.enqueue(tenant="acme")
    assert work.start() == []
    [sign] = _signs(admin)
    assert (sign["severity"], sign["subject"]) == ("warning", "acme")
    assert "1 jobs run of 1 that may: 1 wait aside" in sign["text"]

    admin.enqueue(tenant="acme")

    [sign] = _signs(admin)
    assert "2 jobs wait of 2 that may: new ones are refused" in sign["text"]


def _signs(admin: Caller) -> list[dict[str, Any]]:
    signs = admin.get("/api/jobs/metrics/overview").get_json()["signs"]
    return [each for each in signs if each["code"] == "quota_used_up"]


def test_both_are_rows_of_the_audit_log(admin: Caller) -> None:
    _put(admin, waiting=5, reason="why")
    _put(admin, waiting=6, reason="more")
    admin.send("DELETE", PATH, {"reason": "done"})

    rows = admin.get("/api/audit?limit=50").get_json()["items"]

    told = [
        (row["action"], row["object"], row["reason"], row["before"], row["after"])
        for row in rows
        if row["action"].startswith("tenants.") and row["outcome"] == "done"
    ]
    assert told[:3] == [
        ("tenants.clear_quota", "tenant:acme", "done", {"quota": '{"waiting":6}'}, {"quota": ""}),
        *(
            ("tenants.set_quota", "tenant:acme", why, {"quota": before}, {"quota": after})
            for why, before, after in (
                ("more", '{"waiting":5}', '{"waiting":6}'),
                ("why", "", '{"waiting":5}'),
            )
        ),
    ]


@pytest.mark.parametrize(
    "said", [{}, {"waiting": 0}, {"running": -1}, {"starts": {"limit": 0, "per": 1}}, {"x": 1}]
)
def test_what_is_no_quota_is_refused(admin: Caller, said: dict[str, Any]) -> None:
    assert _put(admin, **said).status_code == 422


def test_a_tenant_sees_its_own_quota_and_sets_none(
    app: Flask, parts: ApiServices, admin: Caller
) -> None:
    made = parts.keys.create("acme", Role.ADMIN, by="the tests", tenant="acme")
    bound = Caller(app, made.token)
    _put(admin, waiting=1)
    bound.enqueue()

    assert bound.get(PATH).get_json()["waiting_now"] == 1
    assert bound.get("/api/tenants/globex/quota").status_code == 403
    assert bound.get("/api/tenants").status_code == 403
    assert _put(bound, waiting=9).status_code == 403
    assert bound.send("DELETE", PATH).status_code == 403
    refused = bound.post("/api/jobs", {"job_type": "greet", "payload": {"name": "Ada"}})
    assert (refused.status_code, refused.get_json()["code"]) == (429, "quota_exceeded")
    assert admin.get(PATH).get_json()["waiting"] == 1
