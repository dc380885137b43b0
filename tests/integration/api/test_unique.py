"""Unique jobs over HTTP: who comes second is answered with the first, and a dead one waits for its twin."""

from __future__ import annotations

from typing import Any

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work


def _ask(admin: Caller, **options: Any) -> tuple[int, dict[str, Any]]:
    body = {"job_type": "greet", "payload": {"name": "Ada"}, "unique": "started"} | options
    answer = admin.post("/api/jobs", body)
    return answer.status_code, answer.get_json()


def _twins(admin: Caller, work: Work) -> tuple[str, str]:
    """A dead job, and one that is the same and waits."""
    dead = _ask(admin, unique="ended")[1]["id"]
    work.fail(work.start())
    return dead, _ask(admin, unique="ended")[1]["id"]


def test_a_job_that_is_the_same_is_answered_with_the_one_that_is_there(admin: Caller) -> None:
    status, first = _ask(admin)
    again, second = _ask(admin)

    assert (status, first["created"], first["replaced"]) == (202, True, False)
    assert (again, second["id"], second["created"]) == (200, first["id"], False)


def test_the_newest_payload_is_told_as_replaced_alone_and_among_many(admin: Caller) -> None:
    said = {"unique_by": ["name"], "on_conflict": "replace"}
    first = _ask(admin, payload={"name": "Ada", "password": "a"}, **said)[1]
    other = {"job_type": "greet", "payload": {"name": "Ada", "password": "b"}} | said

    many = admin.post("/api/jobs/bulk", {"jobs": [other | {"unique": "started"}]}).get_json()

    assert [(each["id"], each["created"], each["replaced"]) for each in many["jobs"]] == [
        (first["id"], False, True)
    ]
    assert many["created"] == 0


def test_a_number_of_seconds_is_the_same_as_its_text(admin: Caller) -> None:
    ways = [_ask(admin, unique=said) for said in (3600, 3600.0, "3600")]
    previewed = {"jobs": [{"job_type": "greet", "payload": {"name": "Ada"}, "unique": 3600}]}
    [twin] = admin.post("/api/jobs/preview", previewed).get_json()["jobs"]

    first = ways[0][1]["id"]
    assert [(status, answer["id"]) for status, answer in ways] == [
        (202, first),
        (200, first),
        (200, first),
    ]
    assert twin["twin"]["job_id"] == first
    assert admin.get(f"/api/jobs/{first}").get_json()["unique_key"]


def test_a_number_of_seconds_that_is_none_is_refused(admin: Caller) -> None:
    for said in (0, -1, 10**400, True, [5]):
        status, problem = _ask(admin, unique=said)
        assert (status, problem["errors"][0]["pointer"]) == (422, "/unique"), problem


def test_the_longest_key_that_a_body_may_have_is_taken_and_is_one_call(admin: Caller) -> None:
    said = {"unique": None, "idempotency_key": "k" * 512}

    first, again = _ask(admin, **said), _ask(admin, **said)

    assert (first[0], again[0]) == (202, 200), first[1]
    assert first[1]["id"] == again[1]["id"]


def test_a_debounced_job_says_how_long_it_may_be_put_off(admin: Caller) -> None:
    said = {"on_conflict": "debounce", "delay": 600, "max_wait_seconds": 3600}
    job_id = _ask(admin, **said)[1]["id"]

    [cause] = admin.get(f"/api/jobs/{job_id}/why").get_json()["causes"]

    assert cause["code"] == "debounced"
    assert cause["text"].endswith("up to 1 h from when it was accepted")


def test_a_dead_job_is_sent_home_beside_its_twin_only_on_purpose(admin: Caller, work: Work) -> None:
    dead, twin = _twins(admin, work)

    refused = admin.post(f"/api/jobs/{dead}/retry")
    causes = admin.get(f"/api/jobs/{dead}/why").get_json()["causes"]
    done = admin.post(f"/api/jobs/{dead}/retry", {"anyway": True, "reason": "both are needed"})

    problem = refused.get_json()
    assert (refused.status_code, problem["code"]) == (409, "not_unique")
    assert problem["details"] == {"job_id": dead, "holder": twin}
    assert [cause["code"] for cause in causes] == ["failed", "kept_out"]
    assert causes[1]["details"] == {"holder": twin}
    assert (done.status_code, done.get_json()["outcome"]) == (200, "queued")
    row = admin.get(f"/api/audit?affected_id={dead}").get_json()["items"][0]
    assert (row["action"], row["reason"]) == ("jobs.retry", "both are needed")
    assert row["after"] == {"payload_changed": False, "anyway": True}


def test_of_many_dead_jobs_those_that_have_a_twin_stay_dead(admin: Caller, work: Work) -> None:
    dead, _ = _twins(admin, work)

    left = admin.post("/api/dlq/redrive", {"job_ids": [dead]}).get_json()
    done = admin.post("/api/dlq/redrive", {"job_ids": [dead], "anyway": True}).get_json()

    assert (left["count"], done["job_ids"]) == (0, [dead])


def test_a_plan_enqueues_what_is_unique_once(admin: Caller) -> None:
    job = {"job_type": "greet", "payload": {"name": "Ada"}, "unique": "started"}

    answer = admin.post("/api/jobs/preview", {"jobs": [job, job]})

    assert answer.status_code == 200, answer.text
    assert all(each["is_valid"] for each in answer.get_json()["jobs"])
