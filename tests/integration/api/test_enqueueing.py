"""Enqueueing jobs: one, many, again, for a tenant, and all that is refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.bootstrap.platform import Platform
from backend.domain.access.role import Role
from backend.domain.jobs.job_state import JobState
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

_GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}


def test_a_job_is_accepted_and_can_be_looked_at(admin: Caller) -> None:
    answer = admin.post("/api/jobs", _GREETING | {"priority": "high", "tags": ["a", "b"]})

    assert answer.status_code == 202
    assert answer.get_json()["created"] is True
    assert answer.get_json()["durability"] == "local"
    job = admin.get(answer.headers["Location"]).get_json()
    assert job["state"] == "queued"
    assert (job["queue"], job["tags"], job["payload"]["name"]) == ("high", ["a", "b"], "Ada")
    assert job["created_at"].endswith("Z")


def test_every_option_reaches_the_job(admin: Caller, parts: ApiServices) -> None:
    options = {
        "run_at": "2099-01-02T03:04:05+02:00",
        "max_retries": 2,
        "retry_delays": [1, 2.5],
        "timeout": 7.5,
        "tenant": "blue",
        "trace_id": "t-1",
        "context_id": "c-1",
        "expires_at": "2099-02-01T00:00:00Z",
        "limit_key": "k",
        "limit": 3,
        "result_ttl": 60,
        "job_id": "my-own-id",
        "is_test": True,
        "callback_url": "https://example.com/done",
        "environment": "staging",
    }

    answer = admin.post("/api/jobs", _GREETING | options)
    assert answer.status_code == 202, answer.text

    job = parts.queue.get_job("my-own-id")
    assert job.state is JobState.SCHEDULED
    assert job.run_at is not None
    assert job.run_at.isoformat() == "2099-01-02T01:04:05+00:00"
    assert (job.max_attempts, job.timeout, job.trace_id) == (3, 7.5, "t-1")
    shown = admin.get("/api/jobs/my-own-id").get_json()
    said = {name: options[name] for name in shown.keys() & options.keys() if name != "run_at"}
    assert {name: shown[name] for name in said} == said
    assert said.keys() >= {"limit_key", "limit", "environment", "callback_url", "tenant"}


def test_a_tag_of_200_characters_is_taken_and_found(admin: Caller) -> None:
    tag = "x" * 200
    job_id = admin.enqueue(tags=[tag])

    found = admin.get(f"/api/jobs?source=live&tag={tag}").get_json()["items"]

    assert [(job["id"], job["tags"]) for job in found] == [(job_id, [tag])]


@pytest.mark.parametrize("name", ["schedule", "event_id", "parent_id", "replay_of", "is_confined"])
def test_what_only_tally_says_is_refused(admin: Caller, name: str) -> None:
    answer = admin.post("/api/jobs", _GREETING | {name: "x"})

    assert answer.get_json()["errors"][0]["pointer"] == f"/{name}"


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"job_type": "gret", "payload": {}}, 422, "unknown_job_type", "/job_type"),
        ({"job_type": "greet", "payload": {}}, 422, "invalid_payload", "/payload/name"),
        ({"job_type": "greet", "payload": {"name": 7}}, 422, "invalid_payload", "/payload/name"),
        ({"payload": {}}, 422, "request_invalid", "/job_type"),
        (_GREETING | {"priority": "urgent"}, 422, "request_invalid", "/priority"),
        (_GREETING | {"dealy": 3}, 422, "request_invalid", "/dealy"),
        (_GREETING | {"delay": "3"}, 422, "request_invalid", "/delay"),
        (_GREETING | {"delay": -1}, 422, "request_invalid", "/delay"),
        (_GREETING | {"run_at": 1700000000}, 422, "request_invalid", "/run_at"),
        (_GREETING | {"run_at": "tomorrow"}, 422, "request_invalid", "/run_at"),
        (
            _GREETING | {"run_at": "2099-01-01T00:00:00Z", "delay": 1},
            422,
            "invalid_option",
            "/delay",
        ),
        (_GREETING | {"limit_key": "k"}, 422, "invalid_option", "/limit_key"),
        (_GREETING | {"tags": ["a\nb"]}, 422, "request_invalid", "/tags/0"),
        (_GREETING | {"job_id": "no spaces"}, 422, "request_invalid", "/job_id"),
        (_GREETING | {"callback_url": "file:///etc"}, 422, "request_invalid", "/callback_url"),
        *(
            (_GREETING | {"callback_url": url}, 422, "invalid_option", "/callback_url")
            for url in (
                "https://user:password@example.com/done",
                "https:///path",
                "https://2130706433/",
                "https://example.com:0/",
                "https://example.com/#part",
            )
        ),
        ([], 422, "request_invalid", None),
    ],
)
def test_what_does_not_fit_is_refused_and_pointed_at(
    admin: Caller, body: Any, status: int, code: str, pointer: str | None
) -> None:
    answer = admin.post("/api/jobs", body)

    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer
    assert admin.get("/api/jobs?source=live").get_json()["items"] == []


def test_a_preview_says_that_a_callback_could_never_be_sent(admin: Caller) -> None:
    jobs = [_GREETING | {"callback_url": "https://user:password@example.com/done"}]

    [job] = admin.post("/api/jobs/preview", {"jobs": jobs}).get_json()["jobs"]

    assert job["error"]["field"] == "callback_url"
    assert job["error"]["message"] == (
        "callback_url: the URL must not hold a user name or password; use headers or a signature"
    )


def test_a_payload_that_is_too_large_is_refused(admin: Caller) -> None:
    body = {"job_type": "anything", "payload": {"text": "x" * 300_000}}

    answer = admin.post("/api/jobs", body)

    assert (answer.status_code, answer.get_json()["code"]) == (413, "payload_too_large")
    assert answer.get_json()["errors"][0]["pointer"] == "/payload"


def test_the_same_idempotency_key_gives_the_same_job(admin: Caller) -> None:
    first = admin.post("/api/jobs", _GREETING, Idempotency_Key="k1")
    again = admin.post("/api/jobs", _GREETING, Idempotency_Key="k1")

    assert (first.status_code, again.status_code) == (202, 200)
    assert first.get_json()["id"] == again.get_json()["id"]
    assert again.get_json()["created"] is False


def test_the_same_idempotency_key_for_another_request_is_refused(admin: Caller) -> None:
    admin.post("/api/jobs", _GREETING, Idempotency_Key="k1")

    other = admin.post(
        "/api/jobs", {"job_type": "greet", "payload": {"name": "Eve"}}, Idempotency_Key="k1"
    )

    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency_conflict")


def test_of_many_the_one_whose_key_is_another_requests_is_pointed_at(admin: Caller) -> None:
    held = admin.enqueue(idempotency_key="k1")
    eve = {"job_type": "greet", "payload": {"name": "Eve"}, "idempotency_key": "k1"}

    problem = admin.post("/api/jobs/bulk", {"jobs": [_GREETING, eve]}).get_json()

    assert problem["detail"].startswith(f"jobs[1]: this key or job id belongs to job {held}, ")
    assert problem["errors"] == [{"pointer": "/jobs/1", "detail": problem["detail"]}]
    assert problem["details"]["job_id"] == held
    assert len(problem["details"]["accepted"]) == 1


def test_idempotency_keys_of_two_callers_do_not_meet(callers: dict[Role, Caller]) -> None:
    one, other = callers[Role.PRODUCER], callers[Role.OPERATOR]

    first = one.post("/api/jobs", _GREETING, Idempotency_Key="k1").get_json()["id"]
    second = other.post("/api/jobs", _GREETING, Idempotency_Key="k1").get_json()["id"]

    assert first != second


@pytest.mark.parametrize("key", ["", "two words", "x" * 129, "ü"])
def test_an_idempotency_key_that_is_not_well_formed_is_refused(admin: Caller, key: str) -> None:
    answer = admin.post("/api/jobs", _GREETING, Idempotency_Key=key)

    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_request")


def test_two_hundred_posts_at_once_under_one_key_make_one_job(app: Flask, admin: Caller) -> None:
    ids: list[str] = []

    def post() -> None:
        caller = Caller(app, "")
        caller.headers = admin.headers
        answers = [caller.post("/api/jobs", _GREETING, Idempotency_Key="race") for _ in range(20)]
        ids.extend(answer.get_json()["id"] for answer in answers)

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 200
    assert len(set(ids)) == 1


def test_many_jobs_are_accepted_in_order(admin: Caller) -> None:
    jobs = [{"job_type": "anything", "payload": {"n": n}} for n in range(250)]

    answer = admin.post("/api/jobs/bulk", {"jobs": jobs})

    body = answer.get_json()
    assert (answer.status_code, body["created"]) == (202, 250)
    job = admin.get(f"/api/jobs/{body['jobs'][249]['id']}").get_json()
    assert job["payload"] == {"n": 249}


def test_one_wrong_job_among_many_refuses_all(admin: Caller) -> None:
    jobs = [_GREETING, {"job_type": "greet", "payload": {}}]

    answer = admin.post("/api/jobs/bulk", {"jobs": jobs})

    assert answer.status_code == 422
    assert admin.get("/api/jobs?source=live").get_json()["items"] == []


def test_many_jobs_under_one_key_are_the_same_again(admin: Caller) -> None:
    body = {"jobs": [_GREETING, {"job_type": "anything"}]}

    first = admin.post("/api/jobs/bulk", body, Idempotency_Key="k").get_json()
    again = admin.post("/api/jobs/bulk", body, Idempotency_Key="k").get_json()

    assert [job["id"] for job in first["jobs"]] == [job["id"] for job in again["jobs"]]
    assert again["created"] == 0


def test_more_jobs_than_one_request_may_hold_are_refused(admin: Caller) -> None:
    answer = admin.post("/api/jobs/bulk", {"jobs": [_GREETING] * 1001})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_option")


def test_the_trace_of_the_request_is_the_jobs(admin: Caller, parts: ApiServices) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    answer = admin.post(
        "/api/jobs", _GREETING, traceparent=f"00-{trace}-00f067aa0ba902b7-01", X_Request_ID="r-7"
    )

    assert parts.queue.get_job(answer.get_json()["id"]).trace_id == trace
    assert answer.headers["traceparent"].split("-")[1] == trace
    assert answer.headers["X-Request-ID"] == "r-7"


def test_the_span_of_the_caller_goes_on_whole_with_what_vendors_add(
    admin: Caller, parts: ApiServices
) -> None:
    span = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    def labels(body: dict[str, Any], **headers: str) -> tuple[str, ...]:
        answer = admin.post("/api/jobs", {**_GREETING, **body}, **headers)
        found = parts.queue.get_job(answer.get_json()["id"]).labels
        return found.traceparent, found.tracestate

    assert labels({}, traceparent=span, tracestate="vendor=1") == (span, "vendor=1")
    assert labels({}, traceparent=span, tracestate="x" * 513) == (span, "")
    assert labels({"trace_id": "order-17"}, traceparent=span) == ("", "")
    assert labels({"traceparent": span}) == (span, "")
    assert labels({}, traceparent="00-no-span-01") == ("", "")
    assert labels({}) == ("", "")


def test_a_caller_can_wait_for_the_result(admin: Caller, work: Work) -> None:
    def finish_soon() -> None:
        jobs: list[Any] = []
        while not jobs:
            jobs = work.start()
        work.finish(jobs, {"greeting": "Hello, Ada!"})

    worker = threading.Thread(target=finish_soon)
    worker.start()
    answer = admin.post("/api/jobs", _GREETING, Prefer="wait=10")
    worker.join()

    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait"
    assert answer.get_json()["job"]["result"] == {"greeting": "Hello, Ada!"}


def test_waiting_ends_without_a_result(admin: Caller) -> None:
    answer = admin.post("/api/jobs", _GREETING, Prefer="wait=1")

    assert answer.status_code == 202
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize("prefer", ["wait", "wait=x", "respond-async", "wait=-1", ""])
def test_a_preference_that_is_not_understood_is_ignored(admin: Caller, prefer: str) -> None:
    assert admin.post("/api/jobs", _GREETING, Prefer=prefer).status_code == 202


def test_what_was_enqueued_is_in_the_audit_log_once_a_second_and_caller(
    app: Flask, admin: Caller, parts: ApiServices
) -> None:
    ids = [admin.enqueue() for _ in range(5)]
    app.extensions["tally-app-state"].enqueue_audit.write()

    rows = admin.get("/api/audit?action=jobs.enqueue").get_json()["items"]
    ours = [row for row in rows if set(row["affected_ids"]) & set(ids)]

    assert len(ours) <= 2
    assert {row["actor"] for row in ours} == {"bootstrap key"}
    assert sorted(each for row in ours for each in row["affected_ids"]) == sorted(ids)
    assert sum(row["affected"] for row in ours) == 5


def test_what_a_full_queue_took_of_a_request_is_told_and_is_in_the_audit_log(
    app: Flask, admin: Caller, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform.job_queue, "_limits", (1, 0))
    jobs = [_GREETING, _GREETING, {**_GREETING, "priority": "high"}]

    answer = admin.post("/api/jobs/bulk", {"jobs": jobs})
    app.extensions["tally-app-state"].enqueue_audit.write()

    details = answer.get_json()["details"]
    assert (answer.status_code, details["accepted"], len(details["accepted_ids"])) == (429, 1, 2)
    rows = admin.get("/api/audit?action=jobs.enqueue_bulk").get_json()["items"]
    assert {*details["accepted_ids"]} <= {each for row in rows for each in row["affected_ids"]}


def test_a_preview_names_what_is_wrong_with_each_job(admin: Caller) -> None:
    jobs = [_GREETING, {"job_type": "gret"}]

    shown = admin.post("/api/jobs/preview", {"jobs": jobs}).get_json()

    assert shown["valid"] is False
    assert shown["plan"] is None
    assert shown["jobs"][1]["error"]["code"] == "unknown_job_type"


def test_a_message_is_registered_with_its_defaults(admin: Caller, parts: ApiServices) -> None:
    answer = admin.post("/api/dm-jobqueue/register")

    assert answer.status_code == 200
    assert answer.get_json()["status"] == "registered"
    job = parts.queue.get_job(answer.get_json()["job_id"])
    assert job.job_type == "log_message"
    assert job.payload == {"message": "Job executed successfully"}
    assert job.state is JobState.SCHEDULED
    assert job.max_attempts == 11


def test_a_message_is_registered_as_it_is_asked_for(admin: Caller, parts: ApiServices) -> None:
    body = {"message": "Hello, World!", "delay_seconds": 0, "max_retry": 3}

    answer = admin.post("/api/dm-jobqueue/register", body)

    job = parts.queue.get_job(answer.get_json()["job_id"])
    assert job.payload == {"message": "Hello, World!"}
    assert job.state is JobState.QUEUED
    assert job.max_attempts == 4


def test_an_empty_message_is_a_message_too(admin: Caller, parts: ApiServices) -> None:
    answer = admin.post("/api/dm-jobqueue/register", {"message": ""})

    assert answer.status_code == 200
    assert parts.queue.get_job(answer.get_json()["job_id"]).payload == {"message": ""}


def test_a_domain_event_leads_to_a_job_for_each_subscription(admin: Caller) -> None:
    body = {"name": "user.created", "payload": {"name": "Ada"}, "event_id": "e-1"}

    first = admin.post("/api/events", body)
    again = admin.post("/api/events", body)

    assert (first.status_code, again.status_code) == (202, 200)
    assert first.get_json()["job_ids"] == again.get_json()["job_ids"]
    event = admin.get("/api/events/e-1").get_json()
    assert list(event["jobs"]) == ["welcome"]
