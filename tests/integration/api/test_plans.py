"""Plans of jobs: previewed, then enqueued as they were shown."""

from __future__ import annotations

from typing import Any

from backend.api.request.api_services import ApiServices
from backend.services.jobs import kept_plans
from tests.integration.api.caller import Caller

_GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}
_TRACE = "a" * 32


def test_a_plan_is_previewed_and_enqueued_as_it_was_shown(admin: Caller) -> None:
    jobs = [_GREETING, {"job_type": "anything", "payload": {"n": 1}, "delay": 60}]

    shown = admin.post("/api/jobs/preview", {"jobs": jobs}).get_json()
    assert shown["valid"] is True
    assert [job["queue"] for job in shown["jobs"]] == ["normal", "normal"]
    assert admin.get("/api/jobs?source=live").get_json()["items"] == []

    plan = {"plan": shown["plan"], "jobs": jobs}
    first = admin.post("/api/jobs/enqueue", plan)
    again = admin.post("/api/jobs/enqueue", plan)

    assert (first.status_code, first.get_json()["created"]) == (202, 2)
    assert again.get_json()["created"] == 0
    assert first.get_json()["jobs"][0]["id"] == again.get_json()["jobs"][0]["id"]


def test_a_plan_that_was_changed_after_its_preview_is_refused(admin: Caller) -> None:
    shown = admin.post("/api/jobs/preview", {"jobs": [_GREETING]}).get_json()
    other = {"job_type": "greet", "payload": {"name": "Eve"}}

    answer = admin.post("/api/jobs/enqueue", {"plan": shown["plan"], "jobs": [other]})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_option")


def test_the_token_of_a_plan_alone_enqueues_exactly_what_was_shown(
    admin: Caller, parts: ApiServices
) -> None:
    jobs: list[dict[str, Any]] = [
        {**_GREETING, "context_id": "its own", "run_at": "2040-01-02T03:04:05.5Z"},
        {"job_type": "anything", "payload": {"n": 1.5, "none": None}, "max_retries": 1},
    ]
    shown = admin.post("/api/jobs/preview", {"jobs": jobs}).get_json()
    body = {"plan": shown["plan"], "callback_url": "https://example.com/told", "context_id": "c-1"}

    first = admin.post("/api/jobs/enqueue", body, traceparent=f"00-{_TRACE}-{'b' * 16}-01")
    again = admin.post("/api/jobs/enqueue", {"plan": shown["plan"]})

    assert (shown["valid"], shown["kept"]) == (True, True)
    assert (first.status_code, first.get_json()["created"]) == (202, 2)
    assert again.get_json() == {**first.get_json(), "created": 0, "jobs": again.get_json()["jobs"]}
    assert [job["created"] for job in again.get_json()["jobs"]] == [False, False]
    one, two = (parts.queue.get_job(job["id"]) for job in first.get_json()["jobs"])
    assert (one.payload, two.payload) == ({"name": "Ada"}, {"n": 1.5, "none": None})
    assert str(one.run_at) == "2040-01-02 03:04:05.500000+00:00"
    assert (one.max_attempts, two.max_attempts) == (4, 2)
    labels = {"trace_id": _TRACE, "callback_url": "https://example.com/told"}
    assert one.options == {**labels, "context_id": "its own"}
    assert two.options == {**labels, "context_id": "c-1"}


def test_a_plan_too_large_to_be_kept_says_so_and_is_sent_again(
    admin: Caller, monkeypatch: Any
) -> None:
    monkeypatch.setattr(kept_plans, "MOST_BYTES", 10)
    shown = admin.post("/api/jobs/preview", {"jobs": [_GREETING]}).get_json()

    alone = admin.post("/api/jobs/enqueue", {"plan": shown["plan"]})
    whole = admin.post("/api/jobs/enqueue", {"plan": shown["plan"], "jobs": [_GREETING]})

    assert (shown["valid"], shown["kept"]) == (True, False)
    assert alone.status_code == 422
    assert alone.get_json()["detail"] == (
        "the jobs of this plan are not kept, or not any more; send them again beside it as `jobs`, "
        "or look at the plan again"
    )
    assert (whole.status_code, whole.get_json()["created"]) == (202, 1)


def test_a_plan_that_holds_a_mistake_is_not_kept(admin: Caller) -> None:
    shown = admin.post("/api/jobs/preview", {"jobs": [{"job_type": "gret"}]}).get_json()

    assert (shown["plan"], shown["kept"], shown["valid"]) == (None, False, False)


def test_the_jobs_of_a_plan_belong_to_the_trace_of_who_enqueues_it(admin: Caller) -> None:
    trace, own = "a" * 32, "c" * 32
    jobs = [_GREETING, {**_GREETING, "trace_id": own}]
    plan = admin.post("/api/jobs/preview", {"jobs": jobs}).get_json()["plan"]

    answer = admin.post(
        "/api/jobs/enqueue", {"plan": plan, "jobs": jobs}, traceparent=f"00-{trace}-{'b' * 16}-01"
    )

    ids = [item["id"] for item in answer.get_json()["jobs"]]
    traces = [admin.get(f"/api/jobs/{job_id}").get_json()["trace_id"] for job_id in ids]
    assert traces == [trace, own]
