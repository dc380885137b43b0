"""Every page and action under the rights of the API, checked where it is served."""

from __future__ import annotations

import re

import pytest

from backend.api.access.rights import RIGHTS, permit
from backend.api.routers import OPERATIONS
from backend.dashboard.request.routes import Route
from backend.dashboard.views import ROUTES
from backend.domain.access.access_errors import NotAllowed
from backend.domain.access.api_key import Principal
from backend.domain.access.role import Role
from backend.domain.audit.audit_ports import AuditFilter
from backend.domain.jobs.job_state import JobState
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import HOME, Visitor

PAGES = [route for route in ROUTES if not route.is_action]
ACTIONS = [route for route in ROUTES if route.is_action]

#: Of every page: its request and the form's token.
_NEW_EACH_TIME = re.compile(r'(?<=form_token" value=")[^"]+|\b[0-9a-f]{24,}\b')


def _address(route: Route) -> str:
    places = {"<job_id>": "j1", "<artifact_id>": "a1", "<queue>": "normal", "<lane>": "default",
              "<name>": "n1", "<key_id>": "k1", "<job_type>": "sync_customer"}  # fmt: skip
    address = route.rule
    for place, value in places.items():
        address = address.replace(place, value)
    return address


def _may(role: Role, route: Route, tenant: str | None = None) -> bool:
    try:
        permit(RIGHTS[route.operation], Principal("x", "x", role, tenant))
    except NotAllowed:
        return False
    return True


def test_each_route_has_the_right_of_an_operation() -> None:
    operations = {operation.name for operation in OPERATIONS}

    assert {route.operation for route in ROUTES} <= operations
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_nothing_that_changes_anything_is_a_get(stage: Stage) -> None:
    methods = {operation.name: operation.method for operation in OPERATIONS}
    previews = {
        "jobs.cancel_many",
        "jobs.run_many",
        "dlq.redrive_many",
        "dlq.discard_many",
        "queues.purge",
    }

    for route in PAGES:
        assert methods[route.operation] == "GET" or route.operation in previews, route.name
    for route in ACTIONS:
        assert methods[route.operation] in {"POST", "PUT", "PATCH", "DELETE"}, route.name


@pytest.mark.parametrize("role", list(Role))
def test_pages_and_actions_are_refused_below_their_role(
    stage: Stage, visitors: dict[Role, Visitor], role: Role
) -> None:
    visitor = visitors[role]
    token = visitor.form_token
    for route in ROUTES:
        send = visitor.browser.post if route.is_action else visitor.browser.get
        answer = send(HOME + _address(route), data={"form_token": token})
        assert (answer.status_code == 403) is not _may(role, route), (route.name, answer.text)


def test_no_action_goes_without_the_token_of_its_session(
    stage: Stage, admin: Visitor, visitors: dict[Role, Visitor]
) -> None:
    foreign = visitors[Role.ADMIN].form_token
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {}, delay=3600)
    for route in ACTIONS:
        for token in ("", "wrong", foreign):
            answer = admin.send(_address(route).replace("j1", job_id), token=token)
            assert answer.status_code == 403, route.name
            assert "another session" in answer.text
    assert stage.platform.queue_service.get_job(job_id).state is JobState.SCHEDULED
    assert admin.send("/sign-out", token="").status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.invalid"},
    ],
)
def test_no_action_comes_from_another_site_even_with_the_token(
    stage: Stage, admin: Visitor, headers: dict[str, str]
) -> None:
    data = {"form_token": admin.form_token}

    answer = admin.browser.post(f"{HOME}/queues/normal/pause", data=data, headers=headers)

    assert answer.status_code == 403
    assert stage.platform.inspection.paused() == []


def test_looking_at_every_page_changes_nothing(stage: Stage, admin: Visitor) -> None:
    stage.platform.queue_service.enqueue_job("sync_customer", {"a": 1}, delay=3600)
    redis = stage.platform.redis
    keys = sorted(key for key in redis.keys("*") if b"session" not in key)
    before = {key: redis.dump(key) for key in keys}

    for route in PAGES:
        admin.get(_address(route) + "?all=yes")

    assert {key: redis.dump(key) for key in keys} == before
    assert sorted(key for key in redis.keys("*") if b"session" not in key) == keys


def test_whether_a_job_of_another_tenant_exists_is_not_told(stage: Stage) -> None:
    bound = Visitor(stage.app).signed_in(stage.token(Role.VIEWER, tenant="blue"))
    jobs = stage.platform.queue_service
    foreign = jobs.enqueue_job("sync_customer", {}, job_id="foreign-1", tenant="red", delay=3600)

    assert bound.get(f"/search?text={foreign}").status_code == 200
    assert bound.get("/search?text=nobody-1").status_code == 200


def test_what_was_refused_is_in_the_audit_log(stage: Stage, visitors: dict[Role, Visitor]) -> None:
    visitors[Role.VIEWER].send("/queues/normal/pause")

    row = stage.parts.audit.search(AuditFilter(action="queues.pause"))[0]
    assert row.entry.outcome == "refused"
    assert row.entry.actor.name == "a viewer"


def test_a_bound_key_sees_the_jobs_of_its_tenant_only(stage: Stage) -> None:
    jobs = stage.platform.queue_service
    own = jobs.enqueue_job("sync_customer", {}, delay=3600, tenant="acme")
    other = jobs.enqueue_job("sync_customer", {}, delay=3600, tenant="globex")
    visitor = Visitor(stage.app).signed_in(stage.token(Role.OPERATOR, tenant="acme"))

    page = visitor.get("/search").text

    assert own in page
    assert other not in page
    assert "Queues" not in page
    assert visitor.get(f"/job/{other}").status_code == 404
    assert visitor.send(f"/job/{other}/cancel").status_code == 404
    assert visitor.get("").status_code == 403
    assert visitor.get("/search?tenant=globex").status_code == 403
    assert jobs.get_job(other).state is JobState.SCHEDULED


def test_the_page_of_another_tenants_job_is_that_of_one_that_never_was(stage: Stage) -> None:
    queue = stage.platform.queue_service
    queue.enqueue_job("sync_customer", {"customer": 5}, tenant="acme", job_id="acme-job-1")
    visitor = Visitor(stage.app).signed_in(stage.token(Role.OPERATOR, tenant="beta"))

    found = {job_id: visitor.get(f"/job/{job_id}") for job_id in ("acme-job-1", "none-such1")}

    pages = [_NEW_EACH_TIME.sub("", page.text.replace(job, "")) for job, page in found.items()]
    assert pages[0] == pages[1]
    assert "it was never accepted" in pages[0]
