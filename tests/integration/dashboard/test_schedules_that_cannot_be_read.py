"""A schedule that cannot be read any more is on its page, and on that of all, with what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from tests.e2e.stage import Stage
from tests.integration.dashboard.visitor import Visitor
from tests.integration.history.databases import run

ADA = Actor("ada", Role.OPERATOR)
WRONG = {
    "time_zone = 'Mars/Base'": "there is no time zone",
    "cron = 'at noon'": "the cron line",
}


@pytest.fixture(params=WRONG)
def wrong(stage: Stage, request: pytest.FixtureRequest) -> Iterator[str]:
    """What is wrong with the schedule ``strange``, in words."""
    stage.parts.schedules.create("strange", "sync_customer", by=ADA, cron="@daily")
    engine = stage.platform.history_engine
    run(engine, f"UPDATE schedules SET {request.param} WHERE name = 'strange'")
    yield WRONG[request.param]
    run(engine, "DELETE FROM schedules WHERE name = 'strange'")


def test_the_page_of_all_shows_it(stage: Stage, admin: Visitor, wrong: str) -> None:
    answer = admin.get("/schedules")

    assert answer.status_code == 200
    assert "strange" in answer.text


def test_its_own_page_says_what_is_wrong(stage: Stage, admin: Visitor, wrong: str) -> None:
    answer = admin.get("/schedules/strange")

    assert answer.status_code == 200
    assert wrong in answer.text


def test_it_is_paused_from_its_page(stage: Stage, admin: Visitor, wrong: str) -> None:
    admin.send("/schedules/strange/pause", reason="what is that")

    assert stage.parts.schedules.get("strange").schedule.is_paused
