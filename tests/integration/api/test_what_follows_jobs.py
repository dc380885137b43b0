"""What follows a job, as callers over HTTP say it and see it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

_GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}


def test_what_follows_a_job_is_shown_with_it_and_it_with_what_follows(
    admin: Caller, work: Work
) -> None:
    job_id = admin.enqueue(on_success="anything", on_failure="fail", tenant="blue")

    shown = admin.get(f"/api/jobs/{job_id}").get_json()

    follow_ups = {each["when"]: each for each in shown["follow_ups"]}
    assert {when: each["job_type"] for when, each in follow_ups.items()} == {
        "on_success": "anything",
        "on_failure": "fail",
    }
    work.finish(work.start())
    followed = admin.get(f"/api/jobs/{follow_ups['on_success']['id']}").get_json()
    assert (followed["parent_id"], followed["tenant"]) == (job_id, "blue")
    assert followed["payload"]["state"] == "finished"
    assert admin.get(f"/api/jobs/{follow_ups['on_failure']['id']}").status_code == 404


def test_what_follows_may_have_a_payload_of_its_own_whose_secrets_are_masked(
    admin: Caller, work: Work
) -> None:
    hook = {"url": "https://example.com", "headers": {"Authorization": "Bearer xyz"}}
    job_id = admin.enqueue(on_success={"job_type": "send_webhook", "payload": hook})

    [shown] = admin.get(f"/api/jobs/{job_id}").get_json()["follow_ups"]

    assert shown["payload"] == {"url": "https://example.com", "headers": "[hidden]"}
    work.finish(work.start())
    followed = admin.get(f"/api/jobs/{shown['id']}").get_json()
    assert followed["payload"] == shown["payload"]
    assert followed["follows"] == {
        "job_id": job_id,
        "job_type": "greet",
        "state": "finished",
        "attempt": 1,
    }


@pytest.mark.parametrize(
    ("said", "code", "pointer"),
    [
        ({"job_type": "send_webhook", "payload": {}}, "invalid_payload", "/on_success/payload/url"),
        ({"job_type": "greed", "payload": {}}, "unknown_job_type", None),
        ({"job_type": "greet", "payload": []}, "request_invalid", "/on_success/payload"),
        ({"type": "greet"}, "request_invalid", "/on_success/job_type"),
        (["greet"], "request_invalid", "/on_success"),
    ],
)
def test_a_payload_of_what_follows_is_checked_as_any_is(
    admin: Caller, said: Any, code: str, pointer: str | None
) -> None:
    answer = admin.post("/api/jobs", _GREETING | {"on_success": said}).get_json()

    assert answer["code"] == code
    found = answer.get("errors") or [{"pointer": None}]
    assert found[0]["pointer"] == pointer


def test_a_job_type_that_cannot_follow_is_refused(admin: Caller) -> None:
    unknown = admin.post("/api/jobs", _GREETING | {"on_failure": "greed"})

    assert (unknown.status_code, unknown.get_json()["code"]) == (422, "unknown_job_type")
    assert "'greet'" in unknown.get_json()["detail"]
