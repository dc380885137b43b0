"""What waits behind a paused type or a full limit is seen, counted and reached like any job that waits."""

from __future__ import annotations

import re
from typing import Any

import pytest

from backend.api.request.api_services import ApiServices
from backend.domain.errors import HistoryUnavailable
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

MANY = 98


@pytest.fixture
def aside(admin: Caller, work: Work) -> list[str]:
    """Jobs that stepped aside, because somebody paused their type."""
    admin.post("/api/jobs/types/anything/pause", {"reason": "the bank is down"})
    body = {"jobs": [{"job_type": "anything", "payload": {}, "tags": ["pay"]}] * MANY}
    ids = [each["id"] for each in admin.post("/api/jobs/bulk", body).get_json()["jobs"]]
    work.start()
    return ids


def _all_ids(caller: Caller, path: str) -> list[str]:
    found: list[str] = []
    following: str | None = path
    while following:
        answer = caller.get(following)
        found += [each["id"] for each in answer.get_json()["items"]]
        following = answer.headers.get("Link", "").partition(">")[0].removeprefix("<") or None
    return found


@pytest.mark.parametrize(
    "asked",
    ["state=queued", "job_type=anything", "queue=normal", "tag=pay", "state=queued&tag=pay"],
)
def test_parked_jobs_are_in_the_live_list(admin: Caller, aside: list[str], asked: str) -> None:
    assert sorted(_all_ids(admin, f"/api/jobs?{asked}&source=live&limit=30")) == sorted(aside)


@pytest.mark.parametrize("asked", ["state=scheduled", "job_type=greet", "queue=low", "tag=other"])
def test_parked_jobs_are_in_no_list_that_means_others(
    admin: Caller, aside: list[str], asked: str
) -> None:
    assert _all_ids(admin, f"/api/jobs?{asked}&source=live") == []


@pytest.mark.usefixtures("aside")
def test_parked_jobs_that_are_too_new_for_the_record_are_in_the_list(admin: Caller) -> None:
    found = admin.get("/api/jobs?job_type=anything&limit=500").get_json()["items"]

    assert len(found) == MANY


def test_parked_jobs_stay_in_the_list_while_postgres_is_away(
    parts: ApiServices, admin: Caller, aside: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise HistoryUnavailable("the record is away")

    monkeypatch.setattr(parts.history, "search", away)

    assert sorted(_all_ids(admin, "/api/jobs?job_type=anything&limit=40")) == sorted(aside)


@pytest.mark.parametrize(
    "wanted", [{"job_type": "anything"}, {"queue": "normal"}, {"state": "queued"}, {"tag": "pay"}]
)
def test_all_that_match_are_canceled_also_those_aside(
    admin: Caller, aside: list[str], wanted: dict[str, str]
) -> None:
    body = {"filter": wanted, "reason": "paid by hand"}

    shown = admin.post("/api/jobs/cancel", body | {"dry_run": True}).get_json()
    done = admin.post("/api/jobs/cancel", body).get_json()

    assert (shown["count"], done["count"]) == (MANY, MANY)
    assert sorted(done["job_ids"]) == sorted(aside)
    assert shown["oldest"] is not None
    queue = next(q for q in admin.get("/api/queues").get_json()["items"] if q["name"] == "normal")
    assert (queue["queued"], queue["parked"], queue["canceled"]) == (0, 0, MANY)


def test_jobs_behind_a_full_limit_are_seen_and_canceled_as_well(admin: Caller, work: Work) -> None:
    jobs = [admin.enqueue(limit_key="a|b: c", limit=1) for _ in range(3)]
    [running] = work.start()
    waiting = sorted(set(jobs) - {running.id})

    assert sorted(_all_ids(admin, "/api/jobs?state=queued&source=live&limit=1")) == waiting
    body = {"filter": {"state": "queued"}, "reason": "not needed"}
    assert sorted(admin.post("/api/jobs/cancel", body).get_json()["job_ids"]) == waiting


def test_a_list_goes_on_when_the_jobs_it_had_come_to_are_let_through(
    admin: Caller, aside: list[str]
) -> None:
    later = admin.enqueue(delay=600)
    first = admin.get("/api/jobs?source=live&limit=30")
    admin.post("/api/jobs/types/anything/resume")

    rest = _all_ids(admin, first.headers["Link"].partition(">")[0].removeprefix("<"))

    assert rest == [later]
    assert {each["id"] for each in first.get_json()["items"]} <= set(aside)


def test_the_preview_of_a_purge_counts_those_aside(admin: Caller, aside: list[str]) -> None:
    shown = admin.post("/api/queues/normal/purge", {"dry_run": True}).get_json()
    body = {"confirm": "normal", "reason": "not needed"}
    done = admin.post("/api/queues/normal/purge", body).get_json()

    assert (shown["count"], shown["more"], done["count"]) == (MANY, False, MANY)
    assert sorted(done["job_ids"]) == sorted(aside)


def test_a_paused_type_with_jobs_behind_it_is_a_sign_that_names_who_and_how_many(
    admin: Caller, work: Work, aside: list[str]
) -> None:
    work.appear()

    found = admin.get("/api/jobs/metrics/overview").get_json()
    [pause] = admin.get("/api/queues").get_json()["pauses"]

    assert pause == found["pauses"][0]
    assert pause | {"since": ""} == {
        "what": "type:anything",
        "by": "bootstrap key",
        "reason": "the bank is down",
        "since": "",
        "waiting": MANY,
    }
    assert re.fullmatch(
        r"the job type anything has been paused by bootstrap key for \d+ s \(the bank is down\); "
        "98 jobs wait: tally queues resume type:anything",
        next(sign["text"] for sign in found["signs"] if sign["code"] == "paused"),
    )
    queue = next(each for each in found["queues"] if each["name"] == "normal")
    assert queue["oldest_wait_seconds"] is not None
    why = admin.get(f"/api/jobs/{aside[0]}/why").get_json()["causes"]
    assert [(each["code"], each["details"]["by"]) for each in why] == [("paused", "bootstrap key")]
