"""Breakers over HTTP: what holds jobs back, why, and opening and closing by hand."""

from __future__ import annotations

from datetime import datetime

from backend.domain.jobs.attempts.outcome import Outcome, OutcomeKind, Unreached
from backend.domain.jobs.options.breaker import Breaker
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

HOST = "hooks.example.com"
DESTINATION = f"webhook:{HOST}:443"


def _webhook(admin: Caller) -> str:
    return admin.enqueue("send_webhook", payload={"url": f"https://{HOST}/in"})


def _away(admin: Caller, work: Work) -> None:
    """A receiver that did not answer once, which is enough for this breaker."""
    _webhook(admin)
    told = Unreached(Breaker(failures=1).text, 0.0, "ConnectionRefusedError: nobody there")
    held = work.start("normal:webhook")
    work.end(held, Outcome(OutcomeKind.RETRIED, delay=60.0, unreached=told))


def test_a_destination_that_is_away_is_listed_and_why_says_when_the_next_try_is(
    admin: Caller, work: Work
) -> None:
    _away(admin, work)
    waiting = _webhook(admin)
    assert work.start("normal:webhook") == []

    found = admin.get("/api/breakers").get_json()

    [item] = found["items"]
    assert found["total"] == 1
    assert (item["destination"], item["status"], item["waiting"]) == (DESTINATION, "open", 2)
    assert item["error"] == "ConnectionRefusedError: nobody there"
    rest = datetime.fromisoformat(item["probe_at"]) - datetime.fromisoformat(item["since"])
    assert 29 < rest.total_seconds() < 31
    cause = admin.get(f"/api/jobs/{waiting}/why").get_json()["causes"][0]
    assert cause["code"] == "breaker_open"
    assert f"{DESTINATION} has been away for" in cause["text"]
    assert "2 job(s) wait, the next try is in" in cause["text"]
    assert cause["details"]["probe_at"] == item["probe_at"].replace("Z", "+00:00")


def test_the_overview_has_a_sign_for_it(admin: Caller, work: Work) -> None:
    _away(admin, work)
    assert work.start("normal:webhook") == []

    signs = admin.get("/api/jobs/metrics/overview").get_json()["signs"]

    [sign] = [each for each in signs if each["code"] == "breaker_open"]
    assert (sign["severity"], sign["subject"]) == ("warning", DESTINATION)
    assert "ConnectionRefusedError" in sign["text"]


def test_a_person_holds_jobs_back_and_lets_them_go_with_a_name_and_a_reason(
    admin: Caller, work: Work
) -> None:
    said = {"destination": DESTINATION, "reason": "they move house"}
    opened = admin.post("/api/breakers/open", said)
    assert opened.get_json() == {"destination": DESTINATION, "open": True, "changed": True}
    assert admin.post("/api/breakers/open", said).get_json()["changed"] is False
    job_id = _webhook(admin)
    assert work.start("normal:webhook") == []
    why = admin.get(f"/api/jobs/{job_id}/why").get_json()["text"]
    assert "was opened by" in why
    assert f"(they move house): tally breakers close {DESTINATION}" in why

    closed = admin.post("/api/breakers/close", {"destination": DESTINATION, "reason": "done"})

    assert closed.get_json() == {"destination": DESTINATION, "open": False, "changed": True}
    assert [job.id for job in work.start("normal:webhook")] == [job_id]
    rows = admin.get("/api/audit?limit=20").get_json()["items"]
    told = [
        (row["action"], row["object"], row["reason"])
        for row in rows
        if row["action"].startswith("breakers.") and row["outcome"] == "done"
    ]
    assert told[:1] == [("breakers.close", f"breaker:{DESTINATION}", "done")]
    assert ("breakers.open", f"breaker:{DESTINATION}", "they move house") in told


def test_a_mistyped_destination_is_told_the_nearest_one(admin: Caller) -> None:
    admin.post("/api/breakers/open", {"destination": DESTINATION})

    refused = admin.post(
        "/api/breakers/close", {"destination": DESTINATION.replace("hooks", "hoks")}
    )

    assert refused.status_code == 422
    assert DESTINATION in refused.get_json()["detail"]


def test_a_redrive_with_another_address_is_bound_for_that(admin: Caller, work: Work) -> None:
    job_id = _webhook(admin)
    work.fail(work.start("normal:webhook"))
    admin.post("/api/breakers/open", {"destination": DESTINATION})

    admin.post(f"/api/jobs/{job_id}/retry", {"payload": {"url": "https://new.example.com/in"}})

    assert [job.id for job in work.start("normal:webhook")] == [job_id]
