"""What people do to jobs, queues, job types, workers and dead letters, and that it is written down."""

from __future__ import annotations

from typing import Any

import pytest

from backend.api.request.api_services import ApiServices
from backend.bootstrap.platform import Platform
from backend.domain.audit.audit_ports import AuditFilter
from backend.domain.jobs.job_state import JobState
from tests.eventually import eventually
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work


def _audited(admin: Caller, answer: Any) -> list[str]:
    rows = admin.get(f"/api/audit?request_id={answer.headers['X-Request-ID']}").get_json()["items"]
    return [row["outcome"] for row in reversed(rows)]


def test_a_waiting_job_is_canceled_and_it_is_written_down(
    admin: Caller, parts: ApiServices
) -> None:
    job_id = admin.enqueue()

    answer = admin.post(f"/api/jobs/{job_id}/cancel", {"reason": "not needed"})

    assert answer.get_json()["outcome"] == "canceled"
    assert parts.queue.get_job(job_id).state is JobState.CANCELED
    assert _audited(admin, answer) == ["intended", "done"]
    row = admin.get(f"/api/audit?affected_id={job_id}").get_json()["items"][0]
    assert (row["action"], row["actor"]) == ("jobs.cancel", "bootstrap key")
    assert (row["reason"], row["after"]) == ("not needed", {"outcome": "canceled"})


def test_a_running_job_is_asked_to_stop(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue()
    work.start()

    assert admin.post(f"/api/jobs/{job_id}/cancel").get_json()["outcome"] == "asked"
    assert admin.get(f"/api/jobs/{job_id}").get_json()["cancel_asked"] is True


def test_a_job_that_has_ended_cannot_be_canceled_and_that_too_is_written_down(
    admin: Caller, work: Work
) -> None:
    job_id = admin.enqueue()
    work.finish(work.start())

    answer = admin.post(f"/api/jobs/{job_id}/cancel")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "illegal_move")
    assert _audited(admin, answer) == ["intended", "refused"]


def test_a_dead_job_is_retried_with_another_payload(
    admin: Caller, work: Work, parts: ApiServices
) -> None:
    job_id = admin.enqueue()
    work.fail(work.start())

    answer = admin.post(f"/api/jobs/{job_id}/retry", {"payload": {"name": "Eve"}})

    assert answer.get_json()["outcome"] == "queued"
    assert parts.queue.get_job(job_id).payload == {"name": "Eve"}


def test_a_retry_with_a_payload_that_does_not_fit_is_refused(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue()
    work.fail(work.start())

    answer = admin.post(f"/api/jobs/{job_id}/retry", {"payload": {"nam": "Eve"}})

    assert answer.status_code == 422
    assert admin.get(f"/api/jobs/{job_id}").get_json()["state"] == "failed"


def test_a_dead_job_is_marked_as_done_by_hand(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue()
    work.fail(work.start())

    assert admin.post(f"/api/jobs/{job_id}/resolve").status_code == 200
    assert admin.get(f"/api/jobs/{job_id}").get_json()["state"] == "finished"
    assert admin.get("/api/dlq").get_json()["total"] == 0


def test_a_waiting_job_moves_to_another_priority(admin: Caller, parts: ApiServices) -> None:
    job_id = admin.enqueue(priority="low")

    answer = admin.post(f"/api/jobs/{job_id}/reprioritise", {"priority": "high", "front": True})

    assert answer.get_json()["outcome"] == "high"
    assert parts.queue.get_job(job_id).queue == "high"


def test_a_scheduled_job_is_run_before_it_is_due(
    admin: Caller, parts: ApiServices, work: Work
) -> None:
    job_id = admin.enqueue(delay=3600)

    first = admin.post(f"/api/jobs/{job_id}/run", {"reason": "the customer calls"})
    again = admin.post(f"/api/jobs/{job_id}/run")

    assert (first.status_code, first.get_json()["outcome"]) == (200, "queued")
    assert [job.id for job in work.start()] == [job_id]
    assert (again.status_code, again.get_json()["code"]) == (409, "illegal_move")
    [row] = parts.audit.search(AuditFilter(action="jobs.run_now", affected_id=job_id))
    assert row.entry.reason == "the customer calls"


def test_many_scheduled_jobs_are_run_at_once_and_no_other_is_touched(
    admin: Caller, parts: ApiServices
) -> None:
    meant = [admin.enqueue(delay=3600, tags=["late"]) for _ in range(3)]
    queued, other = admin.enqueue(tags=["late"]), admin.enqueue(delay=3600)
    body = {"filter": {"tag": "late"}, "reason": "the receiver is back"}

    shown = admin.post("/api/jobs/run", body | {"dry_run": True}).get_json()
    done = admin.post("/api/jobs/run", body)
    again = admin.post("/api/jobs/run", {"job_ids": [*meant, queued]}).get_json()

    assert (shown["count"], sorted(shown["job_ids"])) == (3, sorted(meant))
    assert sorted(done.get_json()["job_ids"]) == sorted(meant)
    assert again["count"] == 0
    states = [parts.queue.get_job(job_id).state for job_id in (*meant, queued, other)]
    assert states == [JobState.QUEUED] * 4 + [JobState.SCHEDULED]
    assert _audited(admin, done) == ["intended", "done"]


def test_an_old_job_is_replayed_as_a_new_one(admin: Caller, work: Work, parts: ApiServices) -> None:
    job_id = admin.enqueue(tags=["old"])
    work.finish(work.start())
    work.record()

    first = admin.post(f"/api/jobs/{job_id}/replay", {}, Idempotency_Key="again")
    again = admin.post(f"/api/jobs/{job_id}/replay", {}, Idempotency_Key="again")

    assert first.status_code == 202
    new = parts.queue.get_job(first.get_json()["id"])
    assert (new.options["replay_of"], new.tags) == (job_id, ["old"])
    assert again.get_json()["id"] == new.id


def test_a_bulk_action_is_shown_first_and_then_done(admin: Caller, work: Work) -> None:
    ids = [admin.enqueue(tags=["wrong"]) for _ in range(8)]
    kept = admin.enqueue(tags=["right"])
    body = {"filter": {"tag": "wrong"}, "reason": "a mistake"}

    shown = admin.post("/api/jobs/cancel", body | {"dry_run": True}).get_json()
    done = admin.post("/api/jobs/cancel", body)

    assert (shown["dry_run"], shown["count"], len(shown["sample"])) == (True, 8, 5)
    assert shown["oldest"] is not None
    assert (done.get_json()["dry_run"], done.get_json()["count"]) == (False, 8)
    assert sorted(done.get_json()["job_ids"]) == sorted(ids)
    assert admin.get(f"/api/jobs/{kept}").get_json()["state"] == "queued"
    assert _audited(admin, done) == ["intended", "done"]


def test_a_bulk_action_needs_to_be_told_what_it_is_about(admin: Caller) -> None:
    both = {"filter": {"tag": "a"}, "job_ids": ["b"]}
    nothing = ({"filter": {}}, {"filter": {"tag": None}}, {"filter": {"tag": None, "since": None}})
    for body in ({}, *nothing, both, {"filter": {"state": None}}, {"filter": {"colour": "red"}}):
        for path in ("/api/jobs/cancel", "/api/jobs/run"):
            assert admin.post(path, body).status_code == 422, body
    for body in ({}, *nothing, {"all": True, "filter": {"job_type": "greet"}}):
        for path in ("/api/dlq/redrive", "/api/dlq/discard"):
            assert admin.post(path, body).status_code == 422, body


def test_dead_jobs_are_redriven_by_filter(admin: Caller, work: Work) -> None:
    smtp = [admin.enqueue() for _ in range(3)]
    work.fail(work.start(), "SmtpError")
    other = admin.enqueue()
    work.fail(work.start(), "ValueError")
    body = {"filter": {"error": "SmtpError"}, "reason": "the server is back"}

    shown = admin.post("/api/dlq/redrive", body | {"dry_run": True}).get_json()
    done = admin.post("/api/dlq/redrive", body)

    assert (shown["count"], shown["dry_run"]) == (3, True)
    assert sorted(done.get_json()["job_ids"]) == sorted(smtp)
    assert [job["id"] for job in admin.get("/api/dlq").get_json()["items"]] == [other]
    assert _audited(admin, done) == ["intended", "done"]


def test_all_dead_jobs_are_discarded_when_that_is_said(admin: Caller, work: Work) -> None:
    for _ in range(5):
        admin.enqueue()
    work.fail(work.start())

    done = admin.post("/api/dlq/discard", {"all": True}).get_json()

    assert done["count"] == 5
    assert admin.get("/api/dlq").get_json()["total"] == 0


def test_one_dead_job_is_redriven_and_one_discarded(admin: Caller, work: Work) -> None:
    one, other = admin.enqueue(), admin.enqueue()
    work.fail(work.start())

    assert admin.post(f"/api/dlq/{one}/redrive").get_json()["outcome"] == "queued"
    assert admin.post(f"/api/dlq/{other}/discard").status_code == 200
    assert admin.post(f"/api/dlq/{other}/redrive").status_code in {404, 409}
    assert admin.get("/api/dlq").get_json()["total"] == 0


def test_dead_jobs_are_listed_newest_first_page_by_page(admin: Caller, work: Work) -> None:
    ids = []
    for _ in range(12):
        ids.append(admin.enqueue())
        work.fail(work.start())

    found: list[str] = []
    path: str | None = "/api/dlq?limit=5"
    while path:
        answer = admin.get(path)
        page = answer.get_json()
        found += [job["id"] for job in page["items"]]
        assert page["total"] == 12
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<") or None

    assert found == ids[::-1]


def test_a_page_of_dead_jobs_goes_on_where_it_ended_whatever_died_meanwhile(
    admin: Caller, work: Work
) -> None:
    old = []
    for _ in range(6):
        old.append(admin.enqueue())
        work.fail(work.start())
    first = admin.get("/api/dlq?limit=3").get_json()
    for _ in range(4):
        admin.enqueue()
        work.fail(work.start())
    admin.post(f"/api/dlq/{old[5]}/discard")

    second = admin.get(f"/api/dlq?limit=3&cursor={first['next_cursor']}").get_json()

    assert [job["id"] for job in first["items"]] == [old[5], old[4], old[3]]
    assert [job["id"] for job in second["items"]] == [old[2], old[1], old[0]]


def test_a_queue_is_paused_and_resumed(admin: Caller, work: Work) -> None:
    admin.enqueue()

    first = admin.post("/api/queues/normal/pause", {"reason": "deploy"})
    again = admin.post("/api/queues/normal/pause")
    taken = work.start()
    resumed = admin.post("/api/queues/normal/resume")

    assert (first.get_json()["changed"], again.get_json()["changed"]) == (True, False)
    assert taken == []
    assert resumed.get_json() == {"what": "queue:normal", "paused": False, "changed": True}
    assert len(work.start()) == 1
    assert _audited(admin, first) == ["intended", "done"]


@pytest.mark.parametrize(
    "path", ["/api/lanes/brittle", "/api/jobs/types/greet", "/api/queues/high:brittle"]
)
def test_lanes_and_job_types_are_paused_too(admin: Caller, path: str) -> None:
    assert admin.post(f"{path}/pause").status_code == 200
    assert len(admin.get("/api/queues").get_json()["paused"]) == 1
    assert admin.post(f"{path}/resume").status_code == 200
    assert admin.get("/api/queues").get_json()["paused"] == []


@pytest.mark.parametrize(
    "path", ["/api/queues/urgent/pause", "/api/lanes/nolane/pause", "/api/jobs/types/no/pause"]
)
def test_what_does_not_exist_cannot_be_paused(admin: Caller, path: str) -> None:
    assert admin.post(path).status_code == 422


def test_a_queue_is_emptied_on_purpose_only(admin: Caller) -> None:
    for _ in range(7):
        admin.enqueue(priority="low")

    shown = admin.post("/api/queues/low/purge", {"dry_run": True}).get_json()
    unsure = admin.post("/api/queues/low/purge", {})
    wrong = admin.post("/api/queues/low/purge", {"confirm": "high"})
    sure = admin.post("/api/queues/low/purge", {"confirm": "low", "reason": "rubbish"})

    assert (shown["count"], len(shown["sample"])) == (7, 5)
    assert (unsure.status_code, wrong.status_code) == (422, 422)
    assert sure.get_json()["count"] == 7
    queue = next(q for q in admin.get("/api/queues").get_json()["items"] if q["name"] == "low")
    assert (queue["queued"], queue["canceled"], queue["difference"]) == (0, 7, 0)
    assert _audited(admin, sure) == ["intended", "done"]


def test_a_job_type_is_limited(admin: Caller, work: Work) -> None:
    admin.post("/api/jobs/types/greet/limit", {"limit": 1})
    running, waiting = admin.enqueue(), admin.enqueue()

    assert [job.id for job in work.start()] == [running]
    why = admin.get(f"/api/jobs/{waiting}/why").get_json()
    assert why["causes"][0]["code"] == "limit_full"
    assert why["causes"][0]["details"]["holders"] == [running]


def test_why_names_the_full_key_that_a_job_waits_behind(admin: Caller, work: Work) -> None:
    work.appear()
    key = {"limit_key": "shop-17", "limit": 1}
    running, waiting = admin.enqueue(**key), admin.enqueue(**key)
    assert [job.id for job in work.start()] == [running]

    for job_id in (waiting, admin.enqueue(**key)):
        why = admin.get(f"/api/jobs/{job_id}/why").get_json()

        text = f"the key 'shop-17' may run 1 at once, and 1 do: {running}"
        assert (why["text"], [cause["code"] for cause in why["causes"]]) == (text, ["limit_full"])
        details = why["causes"][0]["details"]
        assert (details["gate"], details["limit"]) == ("key:shop-17", 1)
        assert details["holders"] == [running]


def test_workers_are_listed_stopped_and_their_stale_records_cleared(
    admin: Caller, work: Work, platform: Platform
) -> None:
    work.appear("w1")
    work.appear("w2")
    platform.redis.delete(platform.keys.worker("w2"))

    workers = admin.get("/api/jobs/workers").get_json()
    stale = admin.post("/api/jobs/workers/clear-stale", {"dry_run": True}).get_json()
    cleared = admin.post("/api/jobs/workers/clear-stale").get_json()

    assert (workers["alive"], workers["slots"]) == (1, 4)
    assert {worker["name"]: worker["state"] for worker in workers["items"]} == {
        "w1": "idle",
        "w2": "lost",
    }
    assert (stale["names"], cleared["names"]) == (["w2"], ["w2"])
    assert [w["name"] for w in admin.get("/api/jobs/workers").get_json()["items"]] == ["w1"]


def test_a_stop_reaches_the_worker_that_listens(
    admin: Caller, work: Work, platform: Platform
) -> None:
    work.appear("w1")
    deaf = admin.post("/api/jobs/workers/w1/stop")
    channel = platform.keys.commands("w1")
    with platform.redis.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(channel)
        eventually(lambda: platform.redis.pubsub_numsub(channel)[0][1] == 1)

        heard = admin.post("/api/jobs/workers/w1/recycle")
        message = next(subscription.listen())

    assert deaf.get_json()["outcome"] == "not listening"
    assert heard.get_json()["outcome"] == "asked"
    assert message["data"] == b'{"command": "shutdown"}'
    assert admin.post("/api/jobs/workers/nobody/stop").status_code == 404


def test_why_names_what_holds_a_job_up(admin: Caller, work: Work, platform: Platform) -> None:
    job_id = admin.enqueue()
    codes = [cause["code"] for cause in admin.get(f"/api/jobs/{job_id}/why").get_json()["causes"]]
    assert codes == ["no_worker"]

    work.appear()
    assert admin.get(f"/api/jobs/{job_id}/why").get_json()["text"] == "it is next in line"

    admin.post("/api/queues/normal/pause")
    admin.post("/api/jobs/types/greet/pause")
    why = admin.get(f"/api/jobs/{job_id}/why").get_json()
    assert [cause["code"] for cause in why["causes"]] == ["paused", "paused"]
