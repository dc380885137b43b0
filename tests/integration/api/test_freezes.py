"""Maintenance windows over HTTP: said, shown, lifted, audited, and told of a job that waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work


def _coming(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


def _once(what: str = "type:greet", **said: object) -> dict[str, object]:
    return {"what": what, "starts_at": _coming(hours=-1), "ends_at": _coming(hours=1), **said}


def test_a_job_inside_waits_why_tells_and_a_lift_lets_it_go(admin: Caller, work: Work) -> None:
    said = admin.post("/api/freezes/move", _once(reason="new mail server", ramp_seconds=0))
    job_id = admin.enqueue()

    assert said.get_json() | {"since": ""} == {
        **said.get_json(), "since": "", "name": "move", "what": "type:greet", "holds": True,
        "is_planned": True, "reason": "new mail server", "aside": 0, "ticks": "hold",
    }  # fmt: skip
    assert work.start() == []
    [cause] = [
        each
        for each in admin.get(f"/api/jobs/{job_id}/why").get_json()["causes"]
        if each["code"] == "frozen"
    ]
    assert "the job type greet is frozen by move until" in cause["text"]
    assert cause["details"]["freeze"] == "move"
    assert admin.get("/api/freezes").get_json()["items"][0]["aside"] == 1
    assert admin.post("/api/freezes/move/lift").get_json() == {"name": "move"}
    gone = admin.post("/api/freezes/move/lift")
    assert (gone.status_code, gone.get_json()["code"]) == (404, "freeze_not_found")
    work.promote()
    assert [job.id for job in work.start()] == [job_id]


def test_both_are_rows_of_the_audit_log(admin: Caller) -> None:
    admin.post("/api/freezes/night-shift", _once(reason="why"))
    admin.post("/api/freezes/night-shift/lift", {"reason": "done"})

    rows = admin.get("/api/audit?limit=50").get_json()["items"]

    assert {(row["action"], row["reason"]) for row in rows if "night-shift" in str(row)} == {
        ("freezes.set", "why"),
        ("freezes.lift", "done"),
    }


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (_once("queue:nowhere:x:y"), "unknown_priority"),
        (_once("type:nobody"), "unknown_job_type"),
        ({"what": "lane:default"}, "invalid_option"),
        ({"what": "lane:default", "cron": "0 22 * *", "length_seconds": 60}, "invalid_option"),
        ({"what": "lane:default", "cron": "0 22 * * *"}, "invalid_option"),
    ],
)
def test_what_cannot_be_is_refused(admin: Caller, said: dict[str, object], code: str) -> None:
    refused = admin.post("/api/freezes/move", said)

    assert refused.status_code in {404, 422}
    assert refused.get_json()["code"] == code


def test_one_that_comes_again_shows_its_next_window(admin: Caller) -> None:
    said = {
        "what": "lane:default",
        "cron": "0 22 * * *",
        "length_seconds": 3600,
        "time_zone": "Asia/Tokyo",
    }
    line = admin.post("/api/freezes/nightly", said).get_json()

    starts = datetime.fromisoformat(line["window_from"])
    assert (starts.hour, starts.minute) == (13, 0)
    assert line["is_planned"]
