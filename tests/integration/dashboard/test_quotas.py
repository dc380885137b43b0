"""The page of queues shows quotas, sets one and takes it away."""

from __future__ import annotations

import re

from backend.domain.access.actor import Actor
from backend.domain.jobs.options.quota import Quota
from backend.domain.jobs.options.rate import Rate
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor


def test_the_page_shows_what_a_tenant_may_use_and_uses(admin: Visitor, stage: Stage) -> None:
    quota = Quota(1, 40, Rate(600, 60))
    stage.platform.quota_service.set("<acme>", quota, by=Actor("ada"), reason="the <contract>")
    stage.platform.queue_service.enqueue_job("sync_customer", {"customer": 5}, tenant="<acme>")

    page = admin.get("/queues").text

    assert "&lt;acme&gt;" in page
    assert "the &lt;contract&gt;" in page
    assert "600 in 60 s" in page
    assert "used up" in page


def test_the_overview_names_who_has_used_up_which_and_leads_there(
    admin: Visitor, stage: Stage
) -> None:
    stage.platform.quota_service.set("<acme>", Quota(1), by=Actor("ada"))
    stage.platform.queue_service.enqueue_job("sync_customer", {"customer": 5}, tenant="<acme>")

    page = admin.get("").text

    assert 'data-sign="quota_used_up &lt;acme&gt;"' in page
    assert "1 jobs wait of 1 that may: new ones are refused" in page
    assert "/queues#quotas" in page


def test_a_quota_is_set_and_taken_away_there(admin: Visitor, stage: Stage) -> None:
    service = stage.platform.quota_service
    admin.send("/quotas/set", tenant="acme", waiting="5", starts="600", per="60", reason="why")

    found = service.find("acme")
    assert found is not None
    assert (found.quota, found.reason) == (Quota(5, None, Rate(600, 60, 60)), "why")

    admin.send("/quotas/clear", tenant="acme", reason="done")

    assert service.all() == []


def test_a_mistake_is_shown_in_the_menu_of_its_tenant_alone(admin: Visitor, stage: Stage) -> None:
    for tenant in ("acme", "blue"):
        stage.platform.quota_service.set(tenant, Quota(5), by=Actor("ada"))

    page = admin.send("/quotas/clear", tenant="blue", reason="they\tleft").text

    assert page.count("they\tleft") == 1
    opened = re.findall(
        r'id="clear-quota-\d"\s+open>.*?name="tenant" value="(\w+)"', page, re.DOTALL
    )
    assert opened == ["blue"]
