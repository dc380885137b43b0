"""Schedules, limits and keys, changed through the pages."""

from __future__ import annotations

import re
from datetime import timedelta

from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.audit.audit_ports import AuditFilter
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor

ADA = Actor("ada", Role.OPERATOR)


def _scheduled(stage: Stage, name: str) -> str:
    stage.parts.schedules.create(
        name, "sync_customer", {"customer": 1, "api_key": "hush"}, by=ADA, cron="@daily"
    )
    return name


def _change(stage: Stage, name: str) -> dict[str, str]:
    """The form as the page draws it."""
    schedule = stage.parts.schedules.get(name).schedule
    return {"revision": str(schedule.revision), "time_zone": "UTC", "cron": "@daily"}


def test_a_schedule_is_made_from_the_page(stage: Stage, admin: Visitor) -> None:
    answer = admin.send(
        "/schedules",
        name="by-hand",
        job_type="sync_customer",
        interval="90",
        payload='{"customer": 7}',
        reason="asked for by the shop",
    )

    assert answer.location == "/dashboard/jobs/schedules/by-hand?note=made"
    plan = stage.parts.schedules.get("by-hand").schedule.plan
    assert (plan.interval, dict(plan.payload)) == (90, {"customer": 7})


def test_a_new_timing_and_payload_hold_and_what_was_masked_stays(
    stage: Stage, admin: Visitor
) -> None:
    name = _scheduled(stage, "to-be-changed")
    page = admin.get(f"/schedules/{name}").text
    assert "hush" not in page
    fields = _change(stage, name) | {"time_zone": "Europe/Berlin", "cron": "30 2 * * *"}
    payload = '{"customer": 2, "api_key": "[hidden]"}'

    admin.send(f"/schedules/{name}/change", payload=payload, reason="later", **fields)

    plan = stage.parts.schedules.get(name).schedule.plan
    assert (plan.cron, plan.time_zone) == ("30 2 * * *", "Europe/Berlin")
    assert dict(plan.payload) == {"customer": 2, "api_key": "hush"}
    row = stage.parts.audit.search(AuditFilter(action="schedules.change", affected_id=name))[0]
    assert row.entry.reason == "later"


def test_a_cron_line_gives_way_to_an_interval(stage: Stage, admin: Visitor) -> None:
    name = _scheduled(stage, "faster")

    admin.send(
        f"/schedules/{name}/change", **(_change(stage, name) | {"cron": "", "interval": "5"})
    )

    plan = stage.parts.schedules.get(name).schedule.plan
    assert (plan.cron, plan.interval) == ("", 5)


def test_whoever_was_slower_changes_nothing(stage: Stage, admin: Visitor) -> None:
    name = _scheduled(stage, "contested")
    drawn = _change(stage, name)
    stage.parts.schedules.change(name, by=ADA, cron="@hourly")

    answer = admin.send(f"/schedules/{name}/change", **drawn)

    assert answer.status_code == 409
    assert stage.parts.schedules.get(name).schedule.plan.cron == "@hourly"


def test_a_line_that_is_no_cron_line_is_named(stage: Stage, admin: Visitor) -> None:
    name = _scheduled(stage, "misspelt")

    answer = admin.send(
        f"/schedules/{name}/change", **(_change(stage, name) | {"cron": "61 2 * *"})
    )

    assert answer.status_code == 422
    assert "61 2 * *" in answer.text


def test_a_schedule_is_deleted_and_its_name_is_free(stage: Stage, admin: Visitor) -> None:
    name = _scheduled(stage, "passing")

    answer = admin.send(f"/schedules/{name}/delete", reason="over")

    assert answer.location == "/dashboard/jobs/schedules?note=deleted"
    assert admin.get(f"/schedules/{name}").status_code == 404
    _scheduled(stage, name)


def test_a_limit_is_set_shown_and_lifted(stage: Stage, admin: Visitor) -> None:
    admin.send("/types/sync_customer/limit", limit="3", reason="the CRM is slow")

    assert stage.platform.inspection.limits() == {"sync_customer": 3}
    assert re.search(r'name="limit"[^>]*value="3"', admin.get("/queues").text)
    admin.send("/types/sync_customer/limit", limit="", reason="it recovered")
    assert stage.platform.inspection.limits() == {}
    assert admin.send("/types/sync_customer/limit", limit="many").status_code == 422


def test_a_key_is_replaced_and_the_old_one_stays_good_for_a_while(
    stage: Stage, admin: Visitor
) -> None:
    old = stage.parts.keys.create("billing", Role.PRODUCER, by="ada").key

    page = admin.send(f"/keys/{old.id}/rotate", overlap="3600", reason="it was pasted into a chat")

    shown = re.search(r'class="token">([^<]+)<', page.text)
    assert shown is not None
    assert Visitor(stage.app).signed_in(shown[1])
    ends = stage.parts.keys.get(old.id).expires_at
    assert ends is not None
    assert abs(ends - stage.platform.clock.now() - timedelta(hours=1)) < timedelta(minutes=1)
