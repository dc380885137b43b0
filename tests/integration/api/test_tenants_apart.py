"""What one tenant does tells another nothing and holds it up in nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from backend.api.request.api_services import ApiServices
from backend.domain.access.role import Role
from tests.integration.api.caller import Caller
from tests.integration.api.work import Work

Bind = Callable[[str], Caller]


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
