"""Job types × roles × tenants, by every way in, and what a job of a bound key may do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.bootstrap.platform import Platform
from backend.domain.access.role import Role
from backend.domain.jobs.job_type import JobType
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work
from tests.integration.history.databases import rows

#: What each type takes at least; a type of a shipped worker that is missing here fails the walk.
PAYLOADS: dict[str, dict[str, Any]] = {
    "send_email": {"to": "a@example.com", "subject": "x"},
    "send_webhook": {"url": "https://example.com/"},
    "export_data": {"table": "jobs"},
    "generate_report": {"report": "failures_of_a_week"},
    "log_message": {"message": "x"},
}
UPKEEP = {"backup", "cleanup", "prune_history", "reconcile", "check_workers"}
SHIPPED = {"send_email", "send_webhook", "export_data", "generate_report", "log_message", *UPKEEP}


def shipped(parts: ApiServices) -> list[JobType]:
    return [kind for kind in parts.catalogue if kind.name in SHIPPED]


def test_every_shipped_type_says_who_may_have_it_run(parts: ApiServices) -> None:
    named = {kind.name: (kind.role, kind.tenants) for kind in shipped(parts)}

    assert named.keys() == SHIPPED
    assert {name for name, right in named.items() if right == (Role.OPERATOR, False)} == UPKEEP
    assert {right for name, right in named.items() if name not in UPKEEP} == {(Role.PRODUCER, True)}


def ways_in(caller: Caller, admin: Caller, name: str, payload: dict[str, Any]) -> dict[str, int]:
    """The answer of every operation that lets a caller have a job of this type run."""
    job = {"job_type": name, "payload": payload, "delay": 3600}
    shown = admin.post("/api/jobs/preview", {"jobs": [job]}).json["plan"]
    plan = {"plan": shown, "jobs": [job]}
    return {
        "enqueue": caller.post("/api/jobs", job).status_code,
        "bulk": caller.post("/api/jobs/bulk", {"jobs": [job]}).status_code,
        "preview": caller.post("/api/jobs/preview", {"jobs": [job]}).status_code,
        "plan": caller.post("/api/jobs/enqueue", plan).status_code,
        "test": caller.post(f"/api/jobs/types/{name}/test", {"payload": payload}).status_code,
    }


@pytest.mark.parametrize("tenant", [None, "acme"])
@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_have_run_what_the_type_says(
    app: Flask, parts: ApiServices, admin: Caller, role: Role, tenant: str | None
) -> None:
    caller = Caller(app, parts.keys.create("one", role, by="the tests", tenant=tenant).token)

    for kind in shipped(parts):
        may = role.includes(kind.role) and (tenant is None or kind.tenants)
        answers = ways_in(caller, admin, kind.name, PAYLOADS.get(kind.name, {}))

        refused = {way for way, status in answers.items() if status == 403}
        assert refused == (set() if may else set(answers)), (kind.name, answers)


def test_a_key_may_be_kept_to_some_types(app: Flask, parts: ApiServices, admin: Caller) -> None:
    made = parts.keys.create("mailer", Role.OPERATOR, by="the tests", job_types=["send_email"])
    caller = Caller(app, made.token)

    assert 403 not in ways_in(caller, admin, "send_email", PAYLOADS["send_email"]).values()
    assert set(ways_in(caller, admin, "log_message", {"message": "x"}).values()) == {403}
    answer = caller.post("/api/jobs", {"job_type": "log_message", "payload": {"message": "x"}})
    assert answer.json["detail"] == (
        "your key is for the job types send_email; it may not have 'log_message' run"
    )
    assert caller.get("/api/whoami").json["job_types"] == ["send_email"]


def test_of_many_the_one_that_a_key_may_not_have_run_is_pointed_at(
    app: Flask, parts: ApiServices
) -> None:
    made = parts.keys.create("talker", Role.OPERATOR, by="the tests", job_types=["log_message"])
    job = {"job_type": "log_message", "payload": {"message": "x"}}
    other = {"job_type": "greet", "payload": {"name": "Ada"}}

    refused = Caller(app, made.token).post("/api/jobs/bulk", {"jobs": [job, other]}).get_json()

    words = "your key is for the job types log_message; it may not have 'greet' run"
    assert (refused["status"], refused["detail"]) == (403, words)
    assert refused["errors"] == [{"pointer": "/jobs/1", "detail": words}]


def test_a_key_has_no_other_type_run_by_way_of_a_follow_up(app: Flask, parts: ApiServices) -> None:
    made = parts.keys.create("talker", Role.OPERATOR, by="the tests", job_types=["log_message"])
    job = {"job_type": "log_message", "payload": {"message": "x"}}

    answers = [
        Caller(app, made.token).post(way, body)
        for when in ("on_success", "on_failure")
        for other in ("anything", {"job_type": "anything", "payload": {}})
        for way, body in (
            ("/api/jobs", job | {when: other}),
            ("/api/jobs/bulk", {"jobs": [job | {when: other}]}),
            ("/api/jobs/preview", {"jobs": [job | {when: other}]}),
        )
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_a_key_has_no_other_type_run_by_way_of_a_schedule(
    app: Flask, parts: ApiServices, admin: Caller
) -> None:
    made = parts.keys.create("talker", Role.OPERATOR, by="the tests", job_types=["log_message"])
    caller = Caller(app, made.token)
    own = {"job_type": "log_message", "payload": {"message": "x"}, "cron": "@daily"}
    others = {**own, "job_type": "anything", "payload": {}}
    followed = {"options": {"on_success": "anything"}}
    assert caller.post("/api/schedules", {"name": "own", **own}).status_code == 201
    assert admin.post("/api/schedules", {"name": "other", **others}).status_code == 201
    admin.post("/api/schedules/other/pause", {})

    answers = [
        caller.post("/api/schedules", {"name": "new", **others}),
        caller.post("/api/schedules", {"name": "new", **own, **followed}),
        caller.send("PATCH", "/api/schedules/own", followed),
        caller.send("PATCH", "/api/schedules/own", {"job_type": "anything", "payload": {}}),
        caller.send("PATCH", "/api/schedules/other", {"cron": "@hourly"}),
        caller.post("/api/schedules/other/resume", {}),
        caller.post("/api/schedules/other/run", {}),
    ]

    assert [answer.status_code for answer in answers] == [403] * 7
    assert answers[0].json["detail"] == (
        "your key is for the job types log_message; it may not have 'anything' run"
    )
    assert admin.get("/api/schedules/other").json["is_paused"] is True
    assert admin.get("/api/schedules/own").json["job_type"] == "log_message"


def test_a_key_brings_back_no_schedule_of_another_type(
    app: Flask, parts: ApiServices, admin: Caller
) -> None:
    made = parts.keys.create("talker", Role.OPERATOR, by="the tests", job_types=["log_message"])
    caller, path = Caller(app, made.token), "/api/schedules/check-workers"
    assert admin.post(f"{path}/reset", {}).status_code == 200
    admin.post(f"{path}/pause", {})

    paused = caller.post(f"{path}/reset", {})
    stands = admin.get(path).json
    admin.send("DELETE", path)
    deleted = caller.post(f"{path}/reset", {})

    assert (paused.status_code, deleted.status_code, stands["is_paused"]) == (403, 403, True)
    assert admin.get(path).status_code == 404


def test_a_key_takes_no_schedule_from_another_type_by_way_of_the_file(
    app: Flask, parts: ApiServices, admin: Caller
) -> None:
    made = parts.keys.create("watch", Role.OPERATOR, by="the tests", job_types=["check_workers"])
    caller, path = Caller(app, made.token), "/api/schedules/check-workers"
    assert caller.post(f"{path}/reset", {}).status_code == 200
    other = {"job_type": "anything", "payload": {"x": 1}}
    assert admin.send("PATCH", path, other).status_code == 200

    refused = caller.post(f"{path}/reset", {})

    assert refused.status_code == 403
    assert admin.get(path).json["job_type"] == "anything"


def test_a_key_has_no_other_type_run_by_running_again_what_it_follows(
    app: Flask, parts: ApiServices, work: Work, admin: Caller
) -> None:
    made = parts.keys.create("greeter", Role.OPERATOR, by="the tests", job_types=["greet"])
    caller = Caller(app, made.token)
    job = {"job_type": "greet", "payload": {"name": "Ada"}, "on_success": "anything"}
    job_id = admin.post("/api/jobs", job).json["id"]
    work.fail(work.start())
    work.record()

    again = [caller.post(f"/api/jobs/{job_id}/{way}", {}) for way in ("replay", "retry")]

    assert [answer.status_code for answer in again] == [403, 403]


def test_a_job_of_a_bound_key_is_confined_however_it_is_made(
    app: Flask, parts: ApiServices, platform: Platform
) -> None:
    bound = Caller(
        app, parts.keys.create("acme", Role.OPERATOR, by="the tests", tenant="acme").token
    )
    free = Caller(app, parts.keys.create("free", Role.PRODUCER, by="the tests").token)
    job = {"job_type": "log_message", "payload": {"message": "x"}}

    made = {
        "enqueue": bound.post("/api/jobs", job).json["id"],
        "bulk": bound.post("/api/jobs/bulk", {"jobs": [job]}).json["jobs"][0]["id"],
        "register": bound.post("/api/dm-jobqueue/register", {}).json["job_id"],
    }
    plan = bound.post("/api/jobs/preview", {"jobs": [job]}).json["plan"]
    made["plan"] = bound.post("/api/jobs/enqueue", {"plan": plan, "jobs": [job]}).json["jobs"][0][
        "id"
    ]
    labelled = free.post("/api/jobs", {**job, "tenant": "acme"}).json["id"]

    for way, job_id in made.items():
        options = parts.queue.get_job(job_id).options
        assert (options["tenant"], options["is_confined"]) == ("acme", True), way
    assert "is_confined" not in parts.queue.get_job(labelled).options


def test_a_test_run_of_a_bound_key_is_confined(
    app: Flask, parts: ApiServices, platform: Platform
) -> None:
    bound = Caller(
        app, parts.keys.create("acme", Role.PRODUCER, by="the tests", tenant="acme").token
    )

    made = bound.post("/api/jobs/types/log_message/test", {"payload": {"message": "x"}}).json

    (waiting,) = rows(
        platform.history_engine,
        "SELECT job::text FROM job_outbox WHERE job_id = :id",
        id=made["run_id"],
    )
    assert json.loads(waiting["job"])["options"]["is_confined"] is True


def test_what_a_bound_key_made_stays_confined_when_an_operator_runs_it_again(
    app: Flask, parts: ApiServices, platform: Platform, work: Work
) -> None:
    """Its payload is still the tenant's: the operator's rights are not lent to it."""
    bound = Caller(
        app, parts.keys.create("acme", Role.PRODUCER, by="the tests", tenant="acme").token
    )
    free = Caller(app, parts.keys.create("ops", Role.OPERATOR, by="the tests").token)
    job_id = bound.enqueue("greet")
    work.finish(work.start())
    work.record()

    again = free.post(f"/api/jobs/{job_id}/replay", {}).json["id"]

    assert parts.queue.get_job(again).options["is_confined"] is True


def test_a_bound_key_gives_a_job_that_is_not_its_own_no_other_payload(
    app: Flask, parts: ApiServices, work: Work
) -> None:
    """It would run with the rights of the deployment, for which the key may not speak."""
    bound = Caller(
        app, parts.keys.create("acme", Role.OPERATOR, by="the tests", tenant="acme").token
    )
    free = Caller(app, parts.keys.create("ops", Role.OPERATOR, by="the tests").token)
    payload = {"payload": {"name": "Eve"}}
    made = {
        name: key.post(
            "/api/jobs", {"job_type": "greet", "payload": {"name": "Ada"}, "tenant": "acme"}
        ).json["id"]
        for name, key in (("free", free), ("bound", bound))
    }
    for _ in made:
        work.fail(work.start())
    work.record()

    refused = bound.post(f"/api/jobs/{made['free']}/retry", payload)
    again = bound.post(f"/api/jobs/{made['free']}/replay", payload)
    own = bound.post(f"/api/jobs/{made['bound']}/retry", payload)
    as_it_is = bound.post(f"/api/jobs/{made['free']}/retry", {})

    assert (refused.status_code, own.status_code, as_it_is.status_code) == (403, 200, 200)
    assert "replay it with that payload" in refused.json["detail"]
    assert parts.queue.get_job(again.json["id"]).options["is_confined"] is True


def test_an_operator_of_some_types_runs_no_others_again(
    app: Flask, parts: ApiServices, work: Work, admin: Caller
) -> None:
    kept = parts.keys.create("ops", Role.OPERATOR, by="the tests", job_types=["anything"])
    job_id = admin.enqueue("greet")
    work.fail(work.start())
    work.record()

    caller = Caller(app, kept.token)
    for way in ("replay", "retry"):
        assert caller.post(f"/api/jobs/{job_id}/{way}", {}).status_code == 403
    for meant in ({"job_ids": [job_id]}, {"filter": {"job_type": "greet"}}, {"all": True}):
        refused = caller.post("/api/dlq/redrive", meant)
        assert refused.status_code == 403, meant
        assert refused.json["detail"] == (
            "your key is for the job types anything; it may not have 'greet' run"
        )
    assert admin.get(f"/api/jobs/{job_id}").json["state"] == "failed"
    assert admin.post("/api/dlq/redrive", {"all": True}).json["count"] == 1


def test_an_operator_of_some_types_sends_home_many_of_them_unless_others_follow(
    app: Flask, parts: ApiServices, work: Work, admin: Caller
) -> None:
    kept = parts.keys.create("ops", Role.OPERATOR, by="the tests", job_types=["greet"])
    own = admin.enqueue("greet")
    followed = admin.enqueue("greet", on_success="anything")
    work.fail(work.start())
    caller = Caller(app, kept.token)

    refused = caller.post("/api/dlq/redrive", {"job_ids": [own, followed]})
    done = caller.post("/api/dlq/redrive", {"job_ids": [own, "gone"]})

    assert (refused.status_code, done.status_code) == (403, 200)
    assert done.json["job_ids"] == [own]
    assert caller.post("/api/dlq/discard", {"job_ids": [followed]}).json["count"] == 1


def test_an_operator_of_some_types_runs_no_others_before_they_are_due(
    app: Flask, parts: ApiServices, admin: Caller
) -> None:
    kept = parts.keys.create("ops", Role.OPERATOR, by="the tests", job_types=["anything"])
    caller = Caller(app, kept.token)
    job_id, own = (admin.enqueue(name, delay=3600) for name in ("greet", "anything"))

    assert caller.post(f"/api/jobs/{job_id}/run", {}).status_code == 403
    assert caller.post("/api/jobs/run", {"job_ids": [own, job_id]}).status_code == 403
    assert caller.post("/api/jobs/run", {"filter": {"job_type": "greet"}}).status_code == 403
    assert caller.post(f"/api/jobs/{own}/run", {}).status_code == 200
    assert admin.get(f"/api/jobs/{job_id}").json["state"] == "scheduled"
    assert caller.post("/api/jobs/cancel", {"job_ids": [job_id]}).json["count"] == 1


def test_an_admin_of_some_types_makes_no_key_for_others(
    app: Flask, parts: ApiServices, admin: Caller
) -> None:
    kept = parts.keys.create("kept", Role.ADMIN, by="the tests", job_types=["greet", "anything"])
    free = parts.keys.create("free", Role.VIEWER, by="the tests").key.id
    caller = Caller(app, kept.token)
    key = {"name": "new", "role": "producer"}

    answers = [
        caller.post("/api/keys", key),
        caller.post("/api/keys", key | {"job_types": ["greet", "log_message"]}),
        caller.post(f"/api/keys/{free}/rotate", {}),
    ]
    made = caller.post("/api/keys", key | {"job_types": ["greet"]})

    assert [answer.status_code for answer in answers] == [403] * 3
    assert answers[0].json["detail"] == (
        "your key is for the job types anything, greet; it makes none for others"
    )
    assert made.status_code == 201
    assert caller.post(f"/api/keys/{kept.key.id}/rotate", {}).status_code == 201
