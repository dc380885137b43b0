"""Rates of keys over HTTP: set, listed, told of a job that waits, given back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backend.bootstrap.platform import Platform
from backend.domain.jobs.options.rate import Rate
from backend.domain.jobs.options.rate_share import RateShare
from tests.contract.broker.jobs import new_job
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

#: Ten in a minute, five of them at once: one comes back in ten seconds.
RATE = Rate(10, 60.0, 5)


def _enqueued(platform: Platform, *weights: int) -> list[str]:
    said = [RateShare(1, weight, "crm:acme", RATE).text for weight in weights]
    jobs = [new_job(options={"rate_share": each}) for each in said]
    platform.broker.queue.enqueue(jobs)
    return [job.id for job in jobs]


def test_the_rate_of_a_key_is_set_and_told(admin: Caller) -> None:
    said = {"key": "crm:acme", "limit": 6, "per": 60, "burst": 1, "reason": "they asked"}
    holds = {"key": "crm:acme", "limit": 6, "per": 60.0, "burst": 1}

    assert admin.post("/api/rates", said).get_json() == holds

    assert admin.get("/api/rates").get_json()["items"] == [holds]
    row = admin.get("/api/audit?action=types.rate_key&limit=1").get_json()["items"][0]
    assert (row["object"], row["reason"]) == ("key:crm:acme", "they asked")


def test_it_is_given_back_and_what_is_no_key_is_refused(admin: Caller) -> None:
    none, said = {"limit": 0, "per": 0.0, "burst": 0}, {"key": "crm:acme"}
    assert admin.post("/api/rates", {**said, "limit": 0}).get_json() == {**said, **none}
    given_back = admin.post("/api/rates", {**said, "limit": None}).get_json()

    assert given_back == {**said, **none, "limit": None}
    assert admin.get("/api/rates").get_json()["items"] == []
    assert admin.post("/api/rates", {"key": "crm", "limit": 1}).status_code == 422


def test_why_names_rate_key_numbers_and_the_expected_start(
    admin: Caller, work: Work, platform: Platform
) -> None:
    first, second, third = _enqueued(platform, 5, 3, 2)
    assert [job.id for job in work.start()] == [first]

    causes = [admin.get(f"/api/jobs/{i}/why").get_json()["causes"][0] for i in (second, third)]

    assert {cause["code"] for cause in causes} == {"rate_used_up"}
    text = "of the key 'crm:acme' no more than 10 in 60 s may start, of which it takes"
    assert f"{text} 3: it may start in about" in causes[0]["text"]
    assert f"{text} 2; 1 jobs are let through before it: it may" in causes[1]["text"]
    told = [cause["details"] for cause in causes]
    assert [each["gate"] for each in told] == ["rate:crm:acme"] * 2
    assert [(each["weight"], each["units_before"]) for each in told] == [(3, 0), (2, 3)]
    starts = [datetime.fromisoformat(each["starts_about"]) for each in told]
    assert (starts[1] - starts[0]).total_seconds() == 20
    [gate] = admin.get("/api/gates").get_json()["items"]
    assert (gate["gate"], gate["words"]) == ("rate:crm:acme", "the key crm:acme: 10 in 60 s")
    assert abs((datetime.fromisoformat(gate["opens_at"]) - starts[0]).total_seconds()) < 0.01


def test_why_and_the_gates_name_who_keeps_a_place(
    admin: Caller, work: Work, platform: Platform
) -> None:
    said: dict[str, Any] = {"limit_key": "crm:acme", "limit": 1}
    jobs = [new_job(options={**said, "hold": True}, **said) for _ in range(2)]
    platform.broker.queue.enqueue(jobs)
    [held] = work.start()

    cause = admin.get(f"/api/jobs/{jobs[1].id}/why").get_json()["causes"][0]

    assert cause["text"] == (
        "of the key 'crm:acme' 1 at once may be under way, each from its first start until it has "
        f"ended, and 1 are: {held.id}"
    )
    assert cause["details"]["hold"] == "job"
    [gate] = admin.get("/api/gates").get_json()["items"]
    assert (gate["gate"], gate["kept_by"]) == ("key:crm:acme", [held.id])
