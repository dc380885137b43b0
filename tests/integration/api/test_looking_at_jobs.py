"""Looking at jobs: one, its result and its life, and searching for many, live and in the record."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.bootstrap.platform import Platform
from backend.domain.access.role import Role
from backend.domain.jobs.cursor import Cursor
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work


def _ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [job["id"] for job in answer.get_json()["items"]]


def test_a_job_nobody_knows_is_told(admin: Caller) -> None:
    answer = admin.get("/api/jobs/unknown")

    assert (answer.status_code, answer.get_json()["code"]) == (404, "job_not_found")


def test_a_job_that_an_application_gave_to_the_outbox_is_found_before_redis_has_it(
    admin: Caller, platform: Platform
) -> None:
    with platform.history_engine.begin() as session:
        job_id = platform.queue_service.enqueue_job("greet", {"name": "Ada"}, session=session)
        assert admin.get(f"/api/jobs/{job_id}").status_code == 404

    answer = admin.get(f"/api/jobs/{job_id}")

    assert (answer.status_code, answer.get_json()["state"]) == (200, "queued")


def test_a_result_that_left_redis_before_its_job_is_told_by_the_record_or_by_nobody(
    admin: Caller, platform: Platform, work: Work
) -> None:
    job_id = admin.enqueue(idempotency_key="order-17", result_ttl=60)
    work.finish(work.start(), {"sent": 17})
    platform.redis.delete(platform.keys.results(job_id))
    platform.redis.hset(platform.keys.job(job_id), "ended_at", "2026-01-27T08:30:00.000000Z")

    behind = [admin.get(f"/api/jobs/{job_id}{end}", Prefer="wait=1") for end in ("", "/result")]
    work.record()
    told = admin.get(f"/api/jobs/{job_id}").get_json()

    answers = [(answer.status_code, answer.get_json()["code"]) for answer in behind]
    assert answers == [(503, "history_unavailable")] * 2
    assert (told["result"], told["source"]) == ({"sent": 17}, "live")


def test_an_unchanged_job_is_told_by_a_304(admin: Caller, work: Work) -> None:
    path = f"/api/jobs/{admin.enqueue()}"
    tag = admin.get(path).headers["ETag"]

    same = admin.get(path, If_None_Match=tag)
    work.start()
    changed = admin.get(path, If_None_Match=tag)

    assert (same.status_code, same.data) == (304, b"")
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_secret_fields_of_a_payload_are_masked(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue(payload={"name": "Ada", "password": "hunter2"})
    live = admin.get(f"/api/jobs/{job_id}").text
    work.fail(work.start())
    dead = admin.get("/api/dlq").text

    assert '"password":"[hidden]"' in live
    assert "hunter2" not in live + dead


def test_a_result_is_there_when_the_job_has_ended(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue()
    early = admin.get(f"/api/jobs/{job_id}/result")
    work.finish(work.start(), {"greeting": "hi"})

    late = admin.get(f"/api/jobs/{job_id}/result")

    assert (early.status_code, early.get_json()["code"]) == (409, "result_not_ready")
    assert late.get_json()["result"] == {"greeting": "hi"}
    assert late.get_json()["state"] == "finished"


def test_the_error_of_a_dead_job_is_its_result(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue()
    work.fail(work.start(), "ValueError", "it never works")

    result = admin.get(f"/api/jobs/{job_id}/result").get_json()

    assert result["state"] == "failed"
    assert result["error"]["message"] == "it never works"
    assert "Traceback" in result["error"]["traceback"]


def test_a_job_that_left_redis_is_answered_from_the_record(
    admin: Caller, work: Work, parts: ApiServices, platform: Any
) -> None:
    job_id = admin.enqueue(tags=["kept"], context_id="c-9")
    work.finish(work.start(), 42)
    work.record()
    platform.redis.flushall()

    job = admin.get(f"/api/jobs/{job_id}").get_json()
    result = admin.get(f"/api/jobs/{job_id}/result").get_json()

    assert (job["source"], job["state"]) == ("history", "finished")
    assert (job["tags"], job["context_id"], job["payload"]["name"]) == (["kept"], "c-9", "Ada")
    assert result["result"] == 42


def test_the_life_of_a_job_is_told_in_order(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue()
    work.fail(work.start())
    admin.post(f"/api/jobs/{job_id}/retry", {"reason": "mended"})
    work.finish(work.start())
    work.record()

    story = admin.get(f"/api/jobs/{job_id}/events").get_json()

    kinds = [line["kind"] for line in story["events"]]
    assert kinds == ["enqueued", "started", "failed", "redriven", "started", "finished"]
    assert [line["note"] for line in story["events"]][3] == "mended"
    assert [line["actor"] for line in story["events"]][3] == "bootstrap key"
    assert [attempt["outcome"] for attempt in story["attempts"]] == ["failed", "finished"]
    assert story["attempts"][0]["error"]["error"] == "ValueError"


def test_jobs_are_found_by_each_condition(admin: Caller, work: Work) -> None:
    wanted = admin.enqueue(
        tags=["red"], tenant="blue", trace_id="t-7", context_id="c-7", priority="high"
    )
    admin.enqueue("anything")
    work.record()

    for condition in (
        "job_type=greet",
        "queue=high",
        "tag=red",
        "tenant=blue",
        "trace_id=t-7",
        "context_id=c-7",
        "state=queued&queue=high",
    ):
        for source in ("", "&source=live", "&source=history"):
            found = _ids(admin.get(f"/api/jobs?{condition}{source}"))
            assert wanted in found, (condition, source)
            assert len(found) == 1 or "history" in source or not source, (condition, source)


def test_jobs_are_found_by_their_error(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue()
    work.fail(work.start(), "SmtpError", "mailbox of uncommon-word is full")
    work.record()

    assert _ids(admin.get("/api/jobs?error=uncommon-word")) == [job_id]
    assert _ids(admin.get("/api/jobs?error=UNCOMMON-word&source=live")) == [job_id]
    assert _ids(admin.get("/api/jobs?error=another")) == []


def test_what_is_too_new_for_the_record_comes_first(admin: Caller, work: Work) -> None:
    old = admin.enqueue(tags=["mixed"])
    work.record()
    new = admin.enqueue(tags=["mixed"])

    answer = admin.get("/api/jobs?tag=mixed")

    assert _ids(answer) == [new, old]
    assert answer.get_json()["sources"] == ["live", "history"]


def test_the_record_is_freshened_with_what_redis_says_now(admin: Caller, work: Work) -> None:
    job_id = admin.enqueue(tags=["fresh"])
    work.record()
    work.start()

    queued = admin.get("/api/jobs?tag=fresh&state=queued").get_json()["items"]
    found = admin.get("/api/jobs?tag=fresh").get_json()["items"]

    assert queued == []
    assert [(job["id"], job["state"], job["source"]) for job in found] == [
        (job_id, "started", "live")
    ]


@pytest.mark.parametrize("source", ["live", "history"])
def test_pages_follow_their_links_and_show_each_job_once(
    admin: Caller, work: Work, source: str
) -> None:
    ids = [admin.enqueue(tags=["paged"], priority=("high", "low")[n % 2]) for n in range(25)]
    work.record()

    found: list[str] = []
    path: str | None = f"/api/jobs?tag=paged&limit=7&source={source}"
    while path:
        answer = admin.get(path)
        found += _ids(answer)
        link = answer.headers.get("Link", "")
        path = link.partition(">")[0].removeprefix("<") or None

    assert sorted(found) == sorted(ids)


def test_a_cursor_of_another_search_is_refused(admin: Caller, work: Work) -> None:
    for _ in range(3):
        admin.enqueue()
    live = admin.get("/api/jobs?source=live&limit=1").get_json()["next_cursor"]

    other = admin.get(f"/api/jobs?source=live&state=failed&cursor={live}")
    nonsense = admin.get("/api/jobs?cursor=nonsense")

    assert (other.status_code, nonsense.status_code) == (422, 422)


@pytest.mark.parametrize(
    ("path", "kind", "place"),
    [
        ("jobs?source=live&queue=normal&", "live", ("started", "normal", "")),
        ("jobs?source=live&queue=normal&", "live", ("waiting", "normal", "")),
        ("jobs?source=live&", "live", ("parked", "limit:greet", "")),
        ("jobs?source=live&", "live", ("scheduled", "", "")),
        ("jobs?source=live&", "live", ("dead", "2026-01-01T00:00:00+00:00", "x")),
        ("dlq?", "dead", ("2026-01-01T00:00:00+00:00", "x")),
    ],
)
def test_a_cursor_from_beyond_the_end_of_any_list_is_refused(
    admin: Caller, path: str, kind: str, place: tuple[str, ...]
) -> None:
    cursors = [Cursor(kind, (*place, (1 << bits) - 1)) for bits in (53, 63)]

    near, far = (admin.get(f"/api/{path}cursor={each}") for each in cursors)

    assert (near.status_code, far.status_code) == (200, 422)
    assert far.get_json()["code"] == "invalid_option"


def test_a_condition_that_does_not_exist_is_pointed_at(admin: Caller) -> None:
    answer = admin.get("/api/jobs?colour=red")

    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["parameter"] == "colour"


def test_a_condition_that_the_search_refuses_is_named_as_it_was_written(admin: Caller) -> None:
    answer = admin.get("/api/jobs?error=ab")

    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_option")
    [found] = answer.get_json()["errors"]
    assert (found["parameter"], found.get("pointer")) == ("error", None)


def test_a_job_type_that_there_is_not_is_not_found(admin: Caller) -> None:
    assert admin.get("/api/jobs/types/nope").status_code == 404


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=ten", "limit=5.0", "limit=%2B5", "limit=1&limit=2", "state=x"],
)
def test_a_query_that_does_not_fit_is_refused(admin: Caller, query: str) -> None:
    assert admin.get(f"/api/jobs?{query}").status_code == 422


def test_callers_of_a_tenant_see_their_jobs_and_no_others(
    app: Flask, parts: ApiServices, admin: Caller, work: Work
) -> None:
    blue = Caller(app, parts.keys.create("blue", Role.OPERATOR, by="tests", tenant="blue").token)
    theirs, foreign = blue.enqueue(), admin.enqueue(tenant="green")
    work.fail(work.start())
    work.record()

    assert admin.get(f"/api/jobs/{theirs}").get_json()["tenant"] == "blue"
    assert set(_ids(blue.get("/api/jobs?state=failed"))) >= {theirs}
    assert foreign not in _ids(blue.get("/api/jobs?limit=500"))
    assert blue.get(f"/api/jobs/{theirs}").status_code == 200
    for path in ("", "/result", "/events", "/why", "/artifacts"):
        assert blue.get(f"/api/jobs/{foreign}{path}").status_code == 404, path
    for action in ("cancel", "retry", "resolve", "replay"):
        assert blue.post(f"/api/jobs/{foreign}/{action}").status_code == 404, action
    assert blue.get("/api/jobs?tenant=green").status_code == 403
    assert blue.post("/api/jobs", {"job_type": "anything", "tenant": "green"}).status_code == 403
    assert blue.post("/api/jobs/cancel", {"job_ids": [foreign]}).status_code == 404
    for path in ("/api/queues", "/api/dlq", "/api/jobs/metrics/overview", "/api/schedules"):
        assert blue.get(path).status_code == 403, path
    assert blue.post(f"/api/jobs/{theirs}/retry").status_code == 200


def test_a_file_that_a_job_made_can_be_fetched(
    admin: Caller, work: Work, parts: ApiServices, platform: Any
) -> None:
    from workers.artifacts.artifact import ArtifactLabel

    job_id = admin.enqueue()
    label = ArtifactLabel(job_id, 1, "report ü.html", "text/html")
    with parts.artifacts.create(label) as writer:
        writer.write(b"<script>alert(1)</script>")
    assert writer.artifact is not None
    work.finish(work.start(), {"files": [writer.artifact.to_json()]})

    listed = admin.get(f"/api/jobs/{job_id}/artifacts").get_json()["items"]
    file = admin.get(f"/api/jobs/{job_id}/artifacts/{listed[0]['id']}")

    assert [(each["name"], each["size_bytes"]) for each in listed] == [("report ü.html", 25)]
    assert file.data == b"<script>alert(1)</script>"
    file.close()
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    other = admin.enqueue()
    assert admin.get(f"/api/jobs/{other}/artifacts/{listed[0]['id']}").status_code == 404
    assert admin.get(f"/api/jobs/{job_id}/artifacts/unknown").status_code == 404
