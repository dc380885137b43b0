"""What one tenant does tells another nothing and holds it up in nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.domain.access.role import Role
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

Bind = Callable[[str], Caller]
GREET = {"job_type": "greet", "payload": {"name": "Ada"}}


@pytest.fixture
def bound(app: Flask, parts: ApiServices) -> Bind:
    """Makes a caller whose key is bound to a tenant."""

    def caller(tenant: str) -> Caller:
        made = parts.keys.create(tenant, Role.OPERATOR, by="the tests", tenant=tenant)
        return Caller(app, made.token)

    return caller


def test_a_limit_key_is_its_tenants_own(bound: Bind, admin: Caller, work: Work) -> None:
    key = {"limit_key": "shop-17", "limit": 1}
    callers = [bound("acme"), bound("globex")]

    ids = [caller.enqueue(**key) for caller in callers for _ in range(2)]
    running = [job.id for job in work.start()]

    assert running == [ids[0], ids[2]]
    # A caller who is bound to nobody shares it with whom he wants.
    assert admin.get(f"/api/jobs/{ids[1]}").get_json()["limit_key"] == "acme:shop-17"
    shared = admin.enqueue(limit_key="acme:shop-17", limit=1)
    assert work.start() == []
    why = admin.get(f"/api/jobs/{shared}/why").get_json()["causes"]
    assert why[1 if why[0]["code"] == "no_worker" else 0]["details"]["holders"] == [ids[0]]


@pytest.mark.parametrize("option", ["limit_key", "idempotency_key"])
def test_no_name_of_a_tenant_makes_its_keys_those_of_another(
    bound: Bind, work: Work, option: str
) -> None:
    more = {"limit": 1} if option == "limit_key" else {}
    mine = [
        bound("a").enqueue(**{option: "b:c", **more}),
        bound("a:b").enqueue(**{option: "c", **more}),
    ]

    assert len(set(mine)) == 2
    assert [job.id for job in work.start()] == mine


def test_a_tenant_is_told_how_many_are_before_it_and_not_which(
    bound: Bind, admin: Caller, work: Work
) -> None:
    work.appear()
    admin.post("/api/jobs/types/anything/limit", {"limit": 2})
    acme, globex = bound("acme"), bound("globex")
    theirs, own = globex.enqueue("anything"), acme.enqueue("anything")
    assert len(work.start()) == 2
    waiting = acme.enqueue("anything")
    work.start()

    [told] = acme.get(f"/api/jobs/{waiting}/why").get_json()["causes"]
    [whole] = admin.get(f"/api/jobs/{waiting}/why").get_json()["causes"]
    [none] = globex.get(f"/api/jobs/{globex.enqueue('anything')}/why").get_json()["causes"]

    said = "the job type anything may run 2 at once, and 2 do"
    assert (told["text"], told["details"]["holders"]) == (f"{said}: {own}", [own])
    assert set(whole["details"]["holders"]) == {theirs, own}
    assert none["details"]["holders"] == [theirs]


def test_no_job_of_others_is_named_where_none_is_its_own(
    bound: Bind, admin: Caller, work: Work
) -> None:
    work.appear()
    admin.post("/api/jobs/types/anything/limit", {"limit": 1})
    admin.enqueue("anything")
    work.start()
    acme = bound("acme")

    [told] = acme.get(f"/api/jobs/{acme.enqueue('anything')}/why").get_json()["causes"]

    assert told["text"] == "the job type anything may run 1 at once, and 1 do"
    assert told["details"]["holders"] == []


def test_a_tenant_is_told_that_it_is_paused_and_since_when_not_by_whom_and_why(
    bound: Bind, admin: Caller, work: Work
) -> None:
    work.appear()
    acme = bound("acme")
    job = acme.enqueue()
    admin.post("/api/queues/normal/pause", {"reason": "SECRETREASON"})

    why = acme.get(f"/api/jobs/{job}/why")
    preview = acme.post("/api/jobs/preview", {"jobs": [GREET]})

    [cause] = why.get_json()["causes"]
    [gate] = preview.get_json()["jobs"][0]["gates"]
    assert re.fullmatch(r"the queue normal has been paused for .*", cause["text"])
    assert gate["text"].startswith("the queue normal has been paused for ")
    assert set(cause["details"]) == {"what", "since"}
    for told in (why.text, preview.text):
        assert not any(word in told for word in ("SECRETREASON", "bootstrap", "tally queues"))


def test_a_tenant_is_not_told_by_whom_its_jobs_are_frozen(
    bound: Bind, admin: Caller, work: Work
) -> None:
    work.appear()
    acme = bound("acme")
    job, now = acme.enqueue(), datetime.now(UTC)
    held = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=2)).isoformat()}
    said = {"what": "queue:normal", "reason": "SECRETREASON", **held}
    answer = admin.post("/api/freezes/ledger-close", said)
    assert answer.status_code in {200, 201}, answer.text

    told = acme.get(f"/api/jobs/{job}/why")

    [cause] = told.get_json()["causes"]
    assert cause["text"].startswith("the queue normal is frozen until ")
    assert not any(word in told.text for word in ("ledger-close", "SECRETREASON", "tally freezes"))


def test_how_many_jobs_of_others_wait_is_not_told(bound: Bind, admin: Caller, work: Work) -> None:
    work.appear(queues=("high", "normal"))
    for priority in ("high", "normal", "normal"):
        admin.enqueue(priority=priority)
    acme = bound("acme")
    job = acme.enqueue()

    why = acme.get(f"/api/jobs/{job}/why").get_json()
    [preview] = acme.post("/api/jobs/preview", {"jobs": [GREET]}).get_json()["jobs"]

    assert (why["position"], why["ahead_elsewhere"]) == (None, None)
    assert (why["text"], why["causes"]) == ("it waits for its turn", [])
    assert preview["ahead"] is None


def test_in_a_queue_that_is_fair_by_tenant_it_is_told_its_place_among_its_own(
    bound: Bind, admin: Caller, work: Work
) -> None:
    work.appear()
    admin.post("/api/queues/normal/fair", {"by": "tenant"})
    for tenant in ("globex", "umbrella"):
        admin.enqueue(tenant=tenant)
    acme = bound("acme")
    acme.enqueue()
    job = acme.enqueue()

    why = acme.get(f"/api/jobs/{job}/why").get_json()
    [gate] = acme.post("/api/jobs/preview", {"jobs": [GREET]}).get_json()["jobs"][0]["gates"]

    assert why["position"] == 1
    assert why["text"] == "it is number 2 in the line of jobs of tenant 'acme', whose turn comes"
    assert not {"lines", "lines_before"} & why["causes"][0]["details"].keys()
    assert (gate["waiting"], "3 in the line of jobs of tenant 'acme'" in gate["text"]) == (2, True)


def test_of_a_rate_it_is_told_when_its_job_may_start_and_not_behind_whom(
    bound: Bind, admin: Caller, work: Work
) -> None:
    work.appear()
    admin.post("/api/jobs/types/greet/rate", {"limit": 1, "per": 3600})
    for _ in range(3):
        admin.enqueue()
    work.start()
    acme = bound("acme")
    job = acme.enqueue()

    [cause] = acme.get(f"/api/jobs/{job}/why").get_json()["causes"]
    [preview] = acme.post("/api/jobs/preview", {"jobs": [GREET]}).get_json()["jobs"]

    assert re.fullmatch(
        r"of the job type greet no more than 1 in 1 h may start: it may start in about .*",
        cause["text"],
    )
    assert not {"before", "waiting", "units_before"} & cause["details"].keys()
    assert preview["gates"][0]["waiting"] is None


def test_that_no_worker_is_there_it_is_told_and_not_how_one_is_started(bound: Bind) -> None:
    acme = bound("acme")
    job = acme.enqueue()

    [cause] = acme.get(f"/api/jobs/{job}/why").get_json()["causes"]

    assert (cause["code"], cause["text"]) == (
        "no_worker",
        "no live worker serves the queue normal",
    )
