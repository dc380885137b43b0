"""A program brings its schedules along: at each start, in each of its processes, under a name."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from backend.domain.audit.audit_ports import AuditFilter
from tests.integration.scheduler.scheduler_house import SchedulerHouse


def _bring(house: SchedulerHouse, **said: Any) -> Any:
    plan = {"cron": "0 3 * * *", "payload": {"of": "sales"}, **said}
    return house.service.upsert("nightly", "report", by="deploy", **plan)


Written = Callable[[], list[str]]


@pytest.fixture
def written(house: SchedulerHouse) -> Written:
    """The actions that were done since the test began."""
    before = len(house.audit.search(AuditFilter(), most=1000))

    def done() -> list[str]:
        rows = house.audit.search(AuditFilter(), most=1000)[::-1][before:]
        return [row.entry.action for row in rows if row.entry.outcome.value == "done"]

    return done


def test_the_first_start_makes_it_and_the_next_one_writes_nothing(
    house: SchedulerHouse, written: Written
) -> None:
    made = _bring(house)
    again = _bring(house)

    assert again == made
    assert (made.created_by, made.revision) == ("deploy", 1)
    assert written() == ["schedules.create"]


def test_another_release_changes_what_it_says_otherwise_and_keeps_the_rest(
    house: SchedulerHouse, written: Written
) -> None:
    _bring(house, overlap="skip")
    house.service.pause("nightly")

    changed = _bring(house, cron="0 4 * * *")

    assert (changed.plan.cron, changed.plan.overlap.value) == ("0 4 * * *", "skip")
    assert changed.is_paused
    assert written() == ["schedules.create", "schedules.pause", "schedules.change"]


def test_of_several_processes_that_start_together_one_makes_it(
    house: SchedulerHouse, written: Written
) -> None:
    with ThreadPoolExecutor(4) as starts:
        made = [each.result() for each in [starts.submit(_bring, house) for _ in range(4)]]

    assert len({schedule.id for schedule in made}) == 1
    assert written() == ["schedules.create"]


def test_who_gives_no_payload_leaves_the_one_that_is_there(
    house: SchedulerHouse, written: Written
) -> None:
    house.service.upsert("nightly", "report", cron="0 3 * * *")
    house.service.change("nightly", payload={"of": "sales"})

    again = house.service.upsert("nightly", "report", cron="0 3 * * *")
    moved = house.service.upsert("nightly", "report", cron="0 4 * * *")

    assert again.plan.payload == moved.plan.payload == {"of": "sales"}
    assert written() == ["schedules.create", "schedules.change", "schedules.change"]


def test_who_gives_an_empty_one_means_it(house: SchedulerHouse) -> None:
    _bring(house)

    assert _bring(house, payload={}).plan.payload == {}


def test_another_job_type_does_not_get_the_payload_of_the_one_before(house: SchedulerHouse) -> None:
    _bring(house)

    brought = house.service.upsert("nightly", "reconcile", cron="0 3 * * *")

    assert (brought.plan.job_type, brought.plan.payload) == ("reconcile", {})
