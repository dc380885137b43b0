"""Limits of keys over HTTP: set, listed, told of a job that waits, given back."""

from __future__ import annotations

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

KEYED = {"limit_key": "crm:acme", "limit": 1}


def test_the_limit_of_a_key_is_set_and_told(admin: Caller, work: Work) -> None:
    ids = [admin.enqueue(**KEYED) for _ in range(3)]
    said = {"key": "crm:acme", "limit": 2, "reason": "they pay for more"}

    assert admin.post("/api/limits", said).get_json() == {"key": "crm:acme", "limit": 2}

    assert [job.id for job in work.start()] == ids[:2]
    assert admin.get("/api/limits").get_json()["items"] == [{"key": "crm:acme", "limit": 2}]
    cause = admin.get(f"/api/jobs/{ids[2]}/why").get_json()["causes"][0]
    assert (cause["code"], cause["details"]["limit"]) == ("limit_full", 2)
    row = admin.get("/api/audit?action=types.limit_key&limit=1").get_json()["items"][0]
    assert (row["object"], row["reason"]) == ("key:crm:acme", "they pay for more")


def test_it_is_given_back_and_what_is_no_key_is_refused(admin: Caller) -> None:
    admin.post("/api/limits", {"key": "crm:acme", "limit": 0})
    assert admin.post("/api/limits", {"key": "crm:acme", "limit": None}).status_code == 200

    assert admin.get("/api/limits").get_json()["items"] == []
    assert admin.post("/api/limits", {"key": "", "limit": 1}).status_code == 422
