"""Schedules from the configuration: brought in, kept in step, and never over what people did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backend.domain.schedules.schedule import Origin
from backend.domain.schedules.schedule_errors import ScheduleNotFound
from backend.domain.schedules.schedule_seed import SeedOutcome, SeedReport
from tests.integration.history.databases import rows
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

NIGHTLY = {"job_type": "report", "cron": "0 2 * * *", "payload": {"of": "sales"}}


def synced(house: SchedulerHouse, **fields: Any) -> SeedReport:
    """What became of the schedule ``nightly``, with some fields said otherwise."""
    service = house.service_with({"nightly": NIGHTLY | fields})
    return next(report for report in service.sync() if report.name == "nightly")


def outcomes(
    house: SchedulerHouse, configured: dict[str, dict[str, Any]]
) -> dict[str, SeedOutcome]:
    return {report.name: report.outcome for report in house.service_with(configured).sync()}


def test_the_shipped_ones_come_by_themselves_and_backups_come_paused(house: SchedulerHouse) -> None:
    house.service.sync()

    views = {view.schedule.name: view.schedule for view in house.service.list_all()}
    assert sorted(views) == [
        "backup-history",
        "check-workers",
        "cleanup-artifacts",
        "prune-history",
        "reconcile-books",
    ]
    assert [name for name, schedule in views.items() if schedule.is_paused] == ["backup-history"]
    assert {schedule.origin for schedule in views.values()} == {Origin.SYSTEM}


def test_a_schedule_of_the_file_is_made_once(house: SchedulerHouse) -> None:
    assert synced(house).outcome is SeedOutcome.CREATED
    made = house.service.get("nightly").schedule
    assert (made.origin, made.created_by) == (Origin.CONFIGURATION, "configuration")

    assert synced(house) == SeedReport("nightly", SeedOutcome.UNCHANGED)
    assert house.service.get("nightly").schedule == made


def test_what_the_file_changes_and_nobody_touched_is_taken_over(house: SchedulerHouse) -> None:
    synced(house)

    report = synced(house, cron="30 3 * * *", enabled=False)

    schedule = house.service.get("nightly").schedule
    assert report == SeedReport("nightly", SeedOutcome.CHANGED)
    assert schedule.plan.cron == "30 3 * * *"
    assert schedule.is_paused
    assert schedule.changed_by == "configuration"


def test_what_people_changed_stays_and_the_difference_is_shown(house: SchedulerHouse) -> None:
    synced(house)
    house.service.change("nightly", by=ANNA, cron="0 5 * * *")

    for _ in range(2):
        report = synced(house)

        assert report.outcome is SeedOutcome.DIFFERS
        assert report.differences == (("nightly", "cron", "0 2 * * *", "0 5 * * *"),)
        assert house.service.get("nightly").schedule.plan.cron == "0 5 * * *"
    assert house.service.get("nightly").differences == list(report.differences)


def test_a_change_of_the_file_is_taken_over_beside_what_people_changed(
    house: SchedulerHouse,
) -> None:
    synced(house)
    house.service.change("nightly", by=ANNA, cron="0 5 * * *")

    report = synced(house, cron="0 4 * * *", payload={"of": "stock"})

    schedule = house.service.get("nightly").schedule
    assert schedule.plan.payload == {"of": "stock"}
    assert schedule.plan.cron == "0 5 * * *"
    assert [difference[1:] for difference in report.differences] == [
        ("cron", "0 4 * * *", "0 5 * * *")
    ]


def test_a_cron_line_that_people_changed_does_not_become_half_an_interval(
    house: SchedulerHouse,
) -> None:
    synced(house)
    house.service.change("nightly", by=ANNA, cron="0 5 * * *")

    report = synced(house, cron="", interval=600)

    plan = house.service.get("nightly").schedule.plan
    assert (plan.cron, plan.interval) == ("0 5 * * *", 0)
    assert {difference.field for difference in report.differences} == {"cron", "interval"}


def test_an_untouched_cron_line_becomes_an_interval(house: SchedulerHouse) -> None:
    synced(house)

    assert synced(house, cron="", interval=600).outcome is SeedOutcome.CHANGED

    plan = house.service.get("nightly").schedule.plan
    assert (plan.cron, plan.interval) == ("", 600)


def test_one_that_somebody_paused_stays_paused(house: SchedulerHouse) -> None:
    synced(house)
    house.service.pause("nightly", by=ANNA)

    report = synced(house)

    assert report.differences == (("nightly", "enabled", True, False),)
    assert house.service.get("nightly").schedule.is_paused


def test_one_that_somebody_deleted_does_not_come_back(house: SchedulerHouse) -> None:
    synced(house)
    house.service.delete("nightly", by=ANNA)

    report = synced(house)

    assert report.outcome is SeedOutcome.DELETED
    assert report.differences == (("nightly", "exists", True, False),)
    with pytest.raises(ScheduleNotFound):
        house.service.get("nightly")


def test_one_that_left_the_file_goes_on_and_is_shown(house: SchedulerHouse) -> None:
    synced(house)

    found = outcomes(house, {})

    assert found["nightly"] is SeedOutcome.GONE
    assert house.service.get("nightly").schedule.next_at is not None


def test_one_that_a_person_made_is_not_taken_over_by_the_file(house: SchedulerHouse) -> None:
    house.create(cron="0 6 * * *")

    report = synced(house)

    assert report.outcome is SeedOutcome.DIFFERS
    assert house.service.get("nightly").schedule.plan.cron == "0 6 * * *"
    assert house.service.get("nightly").schedule.origin is Origin.PERSON


def test_the_file_wins_when_somebody_says_so(house: SchedulerHouse) -> None:
    synced(house)
    service = house.service_with({"nightly": NIGHTLY})
    service.change("nightly", by=ANNA, cron="0 5 * * *", priority="low")
    service.pause("nightly", by=ANNA)

    schedule = service.let_file_win("nightly", by=ANNA)

    assert schedule.plan.cron == "0 2 * * *"
    assert schedule.plan.priority == ""
    assert not schedule.is_paused
    assert schedule.next_at is not None
    assert service.get("nightly").differences == []


def test_the_file_brings_a_deleted_one_back_when_somebody_says_so(house: SchedulerHouse) -> None:
    synced(house)
    service = house.service_with({"nightly": NIGHTLY})
    service.delete("nightly", by=ANNA)

    service.let_file_win("nightly", by=ANNA)

    assert synced(house).outcome is SeedOutcome.UNCHANGED
    with pytest.raises(ScheduleNotFound, match="the configuration has no schedule"):
        service.let_file_win("other", by=ANNA)


def test_one_wrong_line_stops_one_schedule_and_says_why(house: SchedulerHouse) -> None:
    configured = {
        "nightly": NIGHTLY,
        "broken": {"job_type": "report", "cron": "61 * * * *"},
        "bad name": NIGHTLY,
        "odd": {"job_type": "reprot", "cron": "@daily"},
    }

    reports = {report.name: report for report in house.service_with(configured).sync()}

    assert reports["nightly"].outcome is SeedOutcome.CREATED
    for name, error in (
        ("broken", "the minute '61'"),
        ("bad name", "schedule name 'bad name'"),
        ("odd", "no job type 'reprot'"),
    ):
        assert reports[name].outcome is SeedOutcome.REFUSED
        assert error in reports[name].error


def test_a_wrong_change_of_the_file_leaves_the_schedule_as_it_is(house: SchedulerHouse) -> None:
    synced(house)

    assert synced(house, cron="61 * * * *").outcome is SeedOutcome.REFUSED

    assert house.service.get("nightly").schedule.plan.cron == "0 2 * * *"


def test_a_new_file_keeps_the_ticks_and_the_anchor(house: SchedulerHouse) -> None:
    synced(house, cron="", interval=60)
    house.stand_still_since("nightly", timedelta(seconds=5))
    house.catch_up()
    before = house.service.get("nightly").schedule

    synced(house, cron="", interval=120)

    after = house.service.get("nightly").schedule
    assert after.id == before.id
    assert after.plan.starts_at == before.plan.starts_at
    assert len(house.ticks()) == 1


def test_what_json_cannot_tell_apart_is_no_difference(house: SchedulerHouse) -> None:
    odd = {"payload": {"a": ("a", "b")}, "jitter": 5}
    synced(house, **odd)

    assert synced(house, **odd).outcome is SeedOutcome.UNCHANGED
    assert rows(house.engine, "SELECT revision FROM schedules WHERE name = 'nightly'") == [
        {"revision": 1}
    ]
