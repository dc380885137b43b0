"""Schedules, keys, the audit log and numbers over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask

from backend.bootstrap.platform import Platform
from backend.domain.access.role import Role
from backend.domain.history.queue_depth import QueueDepth
from backend.history.reading.depth_store import PostgresDepthStore
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

_NIGHTLY = {
    "name": "nightly",
    "job_type": "greet",
    "payload": {"name": "Ada", "password": "hunter2"},
    "cron": "0 3 * * *",
    "time_zone": "Europe/Berlin",
}


def _made(admin: Caller, **changes: object) -> dict[str, object]:
    answer = admin.post("/api/schedules", _NIGHTLY | changes)
    assert answer.status_code == 201, answer.text
    body: dict[str, object] = answer.get_json()
    return body


def test_a_schedule_is_made_looked_at_changed_and_ended(admin: Caller) -> None:
    made = _made(admin, name="first")
    assert (made["cron"], made["revision"]) == ("0 3 * * *", 1)
    assert "hunter2" not in str(made)

    changed = admin.send("PATCH", "/api/schedules/first", {"cron": "@hourly", "reason": "more"})
    assert (changed.get_json()["cron"], changed.get_json()["revision"]) == ("@hourly", 2)
    stale = admin.send("PATCH", "/api/schedules/first", {"jitter": 5, "revision": 1})
    assert (stale.status_code, stale.get_json()["code"]) == (409, "schedule_conflict")

    assert admin.post("/api/schedules/first/pause").get_json()["is_paused"] is True
    assert admin.post("/api/schedules/first/resume").get_json()["is_paused"] is False
    ended = admin.send("DELETE", "/api/schedules/first")
    assert (ended.status_code, ended.data) == (204, b"")
    gone = admin.get("/api/schedules/first")
    assert (gone.status_code, gone.get_json()["code"]) == (404, "schedule_not_found")


def test_a_second_schedule_of_one_name_is_refused(admin: Caller) -> None:
    _made(admin, name="twice")

    answer = admin.post("/api/schedules", _NIGHTLY | {"name": "twice"})

    assert (answer.status_code, answer.get_json()["code"]) == (409, "schedule_conflict")


def test_a_schedule_that_cannot_be_is_refused(admin: Caller) -> None:
    for wrong in (
        {"cron": "61 * * * *"},
        {"time_zone": "Mars/Base"},
        {"payload": {}},
        {"job_type": "gret"},
        {"interval": 60},
        {"overlap": "sometimes"},
    ):
        answer = admin.post("/api/schedules", _NIGHTLY | {"name": "wrong"} | wrong)
        assert answer.status_code == 422, wrong


def test_a_schedule_runs_now_and_its_tick_is_told(admin: Caller) -> None:
    _made(admin, name="by-hand")

    run = admin.post("/api/schedules/by-hand/run", {"reason": "to see"})

    job_id = run.get_json()["job_id"]
    assert run.status_code == 202
    assert admin.get(run.headers["Location"]).get_json()["id"] == job_id
    ticks = admin.get("/api/schedules/by-hand/ticks").get_json()["items"]
    assert [(tick["job_id"], tick["by_hand"]) for tick in ticks] == [(job_id, True)]
    assert ticks[0]["asked_by"] == "bootstrap key"


def test_a_timing_is_shown_before_it_is_used(admin: Caller) -> None:
    draft = {"cron": "0 3 * * mon-fri", "time_zone": "Europe/Berlin", "count": 3}

    shown = admin.post("/api/schedules/preview", draft).get_json()

    assert len(shown["runs"]) == 3
    assert shown["words"]


def test_schedules_are_listed_with_their_next_run(admin: Caller) -> None:
    _made(admin, name="listed")

    found = {each["name"]: each for each in admin.get("/api/schedules").get_json()["items"]}

    assert found["listed"]["next_at"] is not None
    assert found["listed"]["overdue_seconds"] == 0


def test_a_key_is_made_used_and_revoked(app: Flask, admin: Caller) -> None:
    body = {"name": "ci", "role": "producer", "expires_at": "2099-01-01T00:00:00Z"}

    made = admin.post("/api/keys", body)
    new = Caller(app, made.get_json()["token"])
    key_id = made.get_json()["key"]["id"]

    assert made.status_code == 201
    assert new.get("/api/whoami").get_json() == {
        "name": "ci",
        "role": "producer",
        "tenant": None,
        "job_types": None,
        "credential": "key",
    }
    listed = {key["id"]: key for key in admin.get("/api/keys").get_json()["items"]}
    assert listed[key_id]["last_used_from"] == "127.0.0.1"
    assert made.get_json()["token"] not in admin.get("/api/keys").text
    revoked = admin.post(f"/api/keys/{key_id}/revoke", {"reason": "leaked"})
    assert revoked.get_json()["revoked_by"] == "bootstrap key"
    assert new.get("/api/whoami").status_code == 401
    assert key_id not in admin.get("/api/keys").text
    assert key_id in admin.get("/api/keys?revoked=true").text


def test_no_token_is_ever_in_the_audit_log(admin: Caller) -> None:
    made = admin.post("/api/keys", {"name": "secret", "role": "viewer"}).get_json()

    log = admin.get(f"/api/audit?affected_id={made['key']['id']}").text

    assert made["key"]["id"] in log
    assert made["token"] not in log


def test_a_rotated_key_and_its_heir_are_both_good_for_a_while(app: Flask, admin: Caller) -> None:
    old = admin.post("/api/keys", {"name": "ci", "role": "viewer"}).get_json()

    new = admin.post(f"/api/keys/{old['key']['id']}/rotate", {"overlap_seconds": 3600})

    assert new.status_code == 201
    for token in (old["token"], new.get_json()["token"]):
        assert Caller(app, token).get("/api/whoami").status_code == 200


def test_a_key_with_a_role_that_does_not_exist_is_refused(admin: Caller) -> None:
    for body in ({"name": "x", "role": "king"}, {"name": "", "role": "viewer"}, {"name": "x"}):
        assert admin.post("/api/keys", body).status_code == 422
    assert admin.post("/api/keys/nobody/revoke").status_code == 404


def test_what_was_refused_for_lack_of_rights_is_in_the_audit_log(
    callers: dict[Role, Caller], admin: Caller
) -> None:
    refused = callers[Role.VIEWER].post("/api/queues/low/purge", {"confirm": "low"})

    request_id = refused.headers["X-Request-ID"]
    rows = admin.get(f"/api/audit?request_id={request_id}").get_json()["items"]

    assert [(row["action"], row["outcome"], row["role"]) for row in rows] == [
        ("queues.purge", "refused", "viewer")
    ]


def test_the_audit_log_is_read_page_by_page_and_verified(admin: Caller) -> None:
    for _ in range(4):
        admin.post("/api/queues/low/pause")

    numbers: list[int] = []
    path: str | None = "/api/audit?limit=3&action=queues.pause"
    while path and len(numbers) < 8:
        answer = admin.get(path)
        numbers += [row["number"] for row in answer.get_json()["items"]]
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<") or None

    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers, reverse=True)
    assert admin.post("/api/audit/verify").get_json()["holds"] is True


def test_the_overview_tells_depth_waits_workers_and_what_to_look_at(
    admin: Caller, work: Work
) -> None:
    for _ in range(3):
        admin.enqueue(priority="low")
    admin.enqueue()
    work.finish(work.start("normal"))
    work.record()

    overview = admin.get("/api/jobs/metrics/overview").get_json()

    queues = {queue["name"]: queue for queue in overview["queues"]}
    assert (overview["depth"], queues["low"]["queued"]) == (3, 3)
    assert overview["oldest_wait_seconds"] > 0
    assert overview["difference"] == 0
    assert overview["attempts"]["finished"] == 1
    assert overview["types"][0]["run"]["p95"] > 0
    assert [sign["code"] for sign in overview["signs"]] == ["no_worker"]


def test_what_waited_over_time_is_told_by_its_worst_minutes(
    admin: Caller, platform: Platform
) -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    samples = [(0, "", 9, 1.5), (0, "low", 7, 1.5), (4, "", 20, 0.0), (5, "", 3, 60.0)]
    PostgresDepthStore(platform.history_engine).add(
        [
            QueueDepth(noon + timedelta(minutes=at), queue, waiting, oldest)
            for at, queue, waiting, oldest in samples
        ]
    )
    path = "/api/jobs/metrics/depths"
    hour = "since=2026-11-01T12:00:00Z&until=2026-11-01T13:00:00Z"

    of_all = admin.get(f"{path}?{hour}").get_json()["points"]
    of_low = admin.get(f"{path}?{hour}&queue=low").get_json()["points"]
    too_many = admin.get(f"{path}?since=2026-01-01T00:00:00Z&until=2026-11-01T00:00:00Z")
    backwards = admin.get(f"{path}?since=2026-11-02T00:00:00Z&until=2026-11-01T00:00:00Z")

    assert [(p["waiting"], p["oldest_wait_seconds"]) for p in of_all] == [(20, 1.5), (3, 60.0)]
    assert [(p["at"], p["waiting"]) for p in of_low] == [("2026-11-01T12:00:00Z", 7)]
    assert admin.get(path).get_json() == {"points": []}
    assert (too_many.status_code, backwards.status_code) == (422, 422)
    year_one = admin.get(f"{path}?until=0001-01-01T00:00:00Z")
    assert "beyond the calendar" in year_one.get_json()["detail"]
    assert "steps of 13133 seconds or more" in too_many.get_json()["detail"]


def test_numbers_of_the_past_are_by_hour_type_and_kind_of_error(admin: Caller, work: Work) -> None:
    admin.enqueue()
    work.fail(work.start(), "SmtpError", "mailbox full")
    work.record()

    history = admin.get("/api/jobs/metrics/history").get_json()

    assert history["hours"][-1]["attempts"]["failed"] == 1
    assert history["types"][0]["job_type"] == "greet"
    assert history["queues"][0]["queue"] == "normal"
    assert history["failures"][0]["error_kind"] == "SmtpError"
    of_queue = admin.get("/api/jobs/metrics/history?queue=normal").get_json()
    assert [each["attempts"]["failed"] for each in of_queue["hours"]] == [1]
    assert of_queue["types"] == []
    elsewhere = admin.get("/api/jobs/metrics/history?queue=low").get_json()
    assert elsewhere["hours"] == elsewhere["queues"] == elsewhere["failures"] == []
    assert admin.get("/api/jobs/metrics/history?queue=low&job_type=greet").status_code == 422
    backwards = "since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z"
    assert admin.get(f"/api/jobs/metrics/history?{backwards}").status_code == 422


def test_job_types_tell_the_schema_of_their_payload(admin: Caller) -> None:
    types = {each["name"]: each for each in admin.get("/api/jobs/types").get_json()["items"]}

    assert types["greet"]["payload_schema"]["required"] == ["name"]
    assert types["greet"]["secret_fields"] == ["password"]
    assert admin.get("/api/jobs/types/greet").get_json() == types["greet"]
    unknown = admin.get("/api/jobs/types/gret")
    assert unknown.status_code == 404
    assert "greet" in unknown.get_json()["detail"]
