"""Fair queues over HTTP: made fair, looked at, told of a job that waits, fair no more."""

from __future__ import annotations

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

PATH = "/api/queues/normal"


def test_a_queue_is_made_fair_and_the_flood_of_one_tenant_holds_up_no_other(
    admin: Caller, work: Work
) -> None:
    flood = [admin.enqueue(tenant="acme") for _ in range(5)]
    said = {"by": "tenant", "weights": {"beta": 2}, "reason": "acme floods"}

    set_to = admin.post(f"{PATH}/fair", said).get_json()
    other = admin.enqueue(tenant="beta")

    assert set_to == {"queue": "normal", "by": "tenant", "weights": {"beta": 2}}
    found = admin.get("/api/queues").get_json()
    assert found["fair"] == [set_to]
    normal = next(queue for queue in found["items"] if queue["name"] == "normal")
    assert (normal["queued"], normal["lined"], normal["parked"]) == (6, 6, 0)
    assert admin.get(f"{PATH}/lines").get_json()["items"] == [
        {"key": "acme", "waiting": 5, "weight": 1},
        {"key": "beta", "waiting": 1, "weight": 2},
    ]
    assert {job.id for job in work.start(most=2)} == {flood[0], other}


def test_why_says_where_a_job_stands_in_its_line(admin: Caller) -> None:
    admin.post(f"{PATH}/fair", {"by": "tenant"})
    for tenant in ("acme", "acme", "beta"):
        last = admin.enqueue(tenant=tenant)
    third = admin.enqueue(tenant="beta")

    causes = admin.get(f"/api/jobs/{third}/why").get_json()["causes"]

    cause = next(each for each in causes if each["code"] == "fair_turn")
    assert "number 2 in the line of jobs of tenant 'beta'" in cause["text"]
    assert cause["details"] == {
        "queue": "normal", "by": "tenant", "key": "beta", "before": 1,
        "lines_before": 1, "lines": 2, "weight": 1,
    }  # fmt: skip
    assert last != third


def test_a_queue_is_fair_no_more(admin: Caller, work: Work) -> None:
    admin.post(f"{PATH}/fair", {"by": "tenant"})
    ids = [admin.enqueue(tenant="acme"), admin.enqueue(tenant="acme")]

    assert admin.post(f"{PATH}/fair", {"by": None}).get_json()["by"] is None

    assert admin.get("/api/queues").get_json()["fair"] == []
    assert [job.id for job in work.start(most=2)] == ids


def test_what_is_no_rule_is_refused_and_every_rule_is_in_the_audit_log(admin: Caller) -> None:
    assert admin.post(f"{PATH}/fair", {"by": "mood"}).status_code == 422
    refused = admin.post(f"{PATH}/fair", {"by": "tenant", "weights": {"a": 0}})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_option")
    admin.post(f"{PATH}/fair", {"by": "tenant", "reason": "acme floods"})

    row = admin.get("/api/audit?action=queues.fair&limit=1").get_json()["items"][0]
    assert (row["object"], row["reason"]) == ("queue:normal", "acme floods")
    assert '"by":"tenant"' in row["after"]["fairness"]
