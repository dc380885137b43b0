"""The page of queues shows freezes and gates, and ends a freeze."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.access.actor import Actor
from backend.domain.schedules.freeze import Freeze
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor


@pytest.fixture
def frozen(stage: Stage) -> str:
    """A job whose type is frozen; its id."""
    now = datetime.now(UTC)
    freeze = Freeze(
        "move", "type:sync_customer", now - timedelta(hours=1), now + timedelta(hours=1)
    )
    stage.platform.freeze_service.set(freeze, by=Actor("ada"), reason="the <bank> moves")
    job_id = stage.platform.queue_service.enqueue_job("sync_customer", {"customer": 5})
    PuppetWorker(stage.platform, ["default"]).work_off()
    return job_id


def test_the_page_shows_the_freeze_the_gate_and_who_is_next(admin: Visitor, frozen: str) -> None:
    page = admin.get("/queues").text

    assert "the &lt;bank&gt; moves" in page
    assert "the job type sync_customer is frozen" in page
    assert f"/dashboard/jobs/{frozen}" in page or frozen in page


@pytest.mark.usefixtures("frozen")
def test_a_freeze_is_lifted_there(admin: Visitor, stage: Stage) -> None:
    admin.send("/freezes/move/lift", reason="done early")

    assert stage.platform.freeze_service.all() == []
