"""Test runs, where a job belongs, and what the jobs of an event came to."""

from __future__ import annotations

from backend.api.request.api_services import ApiServices
from tests.integration.api.caller import Caller

_GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}


def test_a_test_run_says_in_words_what_it_did_and_where_it_goes(
    admin: Caller, parts: ApiServices
) -> None:
    body = {
        "payload": {"name": "Ada"}, "environment": "staging", "queue": "brittle", "version": 1,
        "max_retries": 2, "timeout": 5, "delay": 60, "callback_url": "https://example.com/told",
    }  # fmt: skip

    receipt = admin.post("/api/jobs/types/greet/test", body).get_json()

    assert receipt == {
        "run_id": receipt["run_id"],
        "event_id": receipt["event_id"],
        "status": "queued",
        "message": "Test job queued for execution",
        "version": 1,
    }


def test_a_test_run_is_flagged_and_answered_at_once(admin: Caller, parts: ApiServices) -> None:
    answer = admin.post(
        "/api/jobs/types/greet/test", {"payload": {"name": "Ada"}, "tags": ["nightly"]}
    )

    receipt = answer.get_json()
    assert (answer.status_code, receipt["status"]) == (202, "queued")
    event = admin.get(f"/api/events/{receipt['event_id']}").get_json()
    assert event["is_test"] is True
    assert list(event["jobs"].values()) == [receipt["run_id"]]


def test_the_events_of_a_context_say_what_their_jobs_came_to(admin: Caller) -> None:
    body = {
        "name": "user.created",
        "payload": {"name": "Ada"},
        "event_id": "e-9",
        "context_id": "c-9",
    }
    job_ids = admin.post("/api/events", body).get_json()["job_ids"]

    (event,) = admin.get("/api/events?context_id=c-9").get_json()["items"]

    assert event == admin.get("/api/events/e-9").get_json()
    assert event["context_id"] == "c-9"
    assert [outcome["job_id"] for outcome in event["outcomes"]] == job_ids
    assert {outcome["state"] for outcome in event["outcomes"]} == {None}
    assert admin.get("/api/events").status_code in {400, 422}


def test_a_job_tells_its_environment_version_and_chosen_queue(
    admin: Caller, parts: ApiServices
) -> None:
    asked = {**_GREETING, "environment": "staging", "queue": "low:brittle"}

    job_id = admin.post("/api/jobs", asked).get_json()["id"]

    job = admin.get(f"/api/jobs/{job_id}").get_json()
    assert (job["environment"], job["version"], job["queue"]) == ("staging", 1, "low:brittle")
    found = admin.get("/api/jobs?environment=staging&source=live").get_json()["items"]
    assert [(each["id"], each["environment"], each["version"]) for each in found] == [
        (job_id, "staging", 1)
    ]
    assert admin.get("/api/jobs?environment=production&source=live").get_json()["items"] == []


def test_another_version_than_the_deployed_one_is_refused(admin: Caller) -> None:
    answer = admin.post("/api/jobs", {**_GREETING, "version": 2})

    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/version"
