"""What people do to schedules: make, look at, change, pause, resume, run and delete them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.access.actor import Actor, Channel
from backend.domain.audit.audit_ports import AuditFilter
from backend.domain.errors import InvalidOption, InvalidRequest, UnknownJobType
from backend.domain.schedules.schedule import Origin
from backend.domain.schedules.schedule_errors import ScheduleConflict, ScheduleNotFound
from backend.domain.schedules.schedule_tick import TickOutcome
from tests.integration.history.databases import rows, run
from tests.integration.scheduler.scheduler_house import ANNA, SchedulerHouse

BERT = Actor("bert")
MINUTE = timedelta(minutes=1)


def test_a_schedule_is_kept_as_it_was_made(house: SchedulerHouse) -> None:
    made = house.create(
        cron="0 9 * * MON-FRI",
        time_zone="Europe/Berlin",
        payload={"of": "sales"},
        options={"timeout": 60},
        priority="low",
        jitter=30,
        missed_runs="all",
        overlap="skip",
        starts_at=datetime(2026, 1, 1),
    )

    kept = house.service.get("nightly").schedule

    assert kept == made
    assert kept.origin is Origin.PERSON
    assert kept.created_by == "anna"
    assert kept.plan.starts_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert kept.next_at is not None
    assert kept.next_at > house.store.now()
    assert kept.seeded_as is None


def test_the_first_tick_of_an_interval_is_one_interval_after_it_was_made(
    house: SchedulerHouse,
) -> None:
    made = house.create(interval=3600)

    assert made.plan.starts_at == made.created_at.replace(microsecond=0)
    assert made.next_at == made.plan.starts_at + timedelta(hours=1)


def test_a_start_in_the_past_anchors_and_one_to_come_is_waited_for(house: SchedulerHouse) -> None:
    now = house.store.now()
    past = house.create("past", interval=3600, starts_at=datetime(2020, 1, 1, 0, 7))
    ahead = house.create("ahead", interval=3600, starts_at=now + timedelta(days=3650))

    assert past.next_at is not None
    assert past.next_at.minute == 7
    assert now < past.next_at <= now + timedelta(hours=1)
    assert ahead.next_at == ahead.plan.starts_at


def test_a_name_is_taken_only_once(house: SchedulerHouse) -> None:
    house.create()

    with pytest.raises(ScheduleConflict, match="there is a schedule 'nightly' already"):
        house.create()


def test_nothing_wrong_is_kept(house: SchedulerHouse) -> None:
    service = house.service
    with pytest.raises(InvalidOption):
        service.create("a", "report", by=ANNA, cron="61 * * * *")
    with pytest.raises(UnknownJobType):
        service.create("a", "reprot", by=ANNA, cron="@daily")
    with pytest.raises(InvalidOption):
        service.create("a b", "report", by=ANNA, cron="@daily")
    with pytest.raises(InvalidOption, match="no field 'cronn', did you mean 'cron'"):
        service.create("a", "report", by=ANNA, cronn="@daily")

    assert service.list_all() == []


def test_an_unknown_name_is_told_with_the_nearest_one(house: SchedulerHouse) -> None:
    house.create()

    for act in (house.service.get, house.service.ticks, house.service.preview):
        with pytest.raises(ScheduleNotFound, match="did you mean 'nightly'"):
            act("nigthly")
    for act in (house.service.pause, house.service.delete, house.service.run_now):
        with pytest.raises(ScheduleNotFound):
            act("nigthly", by=ANNA)


def test_schedules_are_listed_by_name_with_their_last_tick(house: SchedulerHouse) -> None:
    house.create("b")
    house.create("a")
    house.stand_still_since("b", timedelta(seconds=5))
    house.catch_up()

    views = house.service.list_all()

    assert [view.schedule.name for view in views] == ["a", "b"]
    assert views[0].last_tick is None
    assert views[1].last_tick is not None
    assert views[1].last_tick.outcome is TickOutcome.RAN


def test_a_change_keeps_what_it_does_not_name(house: SchedulerHouse) -> None:
    before = house.create(payload={"of": "sales"}, jitter=5)

    after = house.service.change("nightly", by=BERT, priority="high")

    assert after.plan.payload == {"of": "sales"}
    assert after.plan.priority == "high"
    assert (after.changed_by, after.revision) == ("bert", 2)
    assert after.next_at == before.next_at
    assert house.service.get("nightly").schedule == after


def test_a_new_timing_holds_from_now_on(house: SchedulerHouse) -> None:
    house.create(interval=60)

    changed = house.service.change("nightly", by=BERT, cron="0 0 1 1 *")

    assert changed.plan.interval == 0
    assert changed.next_at is not None
    assert changed.next_at.strftime("%d.%m. %H:%M") == "01.01. 00:00"


def test_a_change_of_nothing_is_none(house: SchedulerHouse) -> None:
    before = house.create()

    assert house.service.change("nightly", by=BERT, interval=60) == before


def test_a_wrong_change_changes_nothing(house: SchedulerHouse) -> None:
    before = house.create()

    with pytest.raises(InvalidOption):
        house.service.change("nightly", by=BERT, time_zone="Europe/Berln")

    assert house.service.get("nightly").schedule == before


def test_who_saw_an_older_revision_is_told(house: SchedulerHouse) -> None:
    house.create()
    house.service.change("nightly", by=BERT, priority="high", revision=1)

    with pytest.raises(ScheduleConflict, match="at revision 2, you saw 1; it was changed by bert"):
        house.service.change("nightly", by=ANNA, priority="low", revision=1)


def test_ticks_that_a_change_drops_are_written_down(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", 3 * MINUTE)

    house.service.pause("nightly", by=BERT, reason="month end")

    ticks = house.ticks()
    assert [tick.outcome for tick in ticks] == [TickOutcome.SKIPPED] * 4
    assert {tick.reason for tick in ticks} == {"paused by bert"}


def test_pausing_twice_keeps_the_first_name(house: SchedulerHouse) -> None:
    house.create()

    once = house.service.pause("nightly", by=ANNA)
    twice = house.service.pause("nightly", by=BERT)

    assert once.paused_by == twice.paused_by == "anna"
    assert once.next_at is None
    assert once.revision == twice.revision


def test_a_schedule_can_be_made_paused(house: SchedulerHouse) -> None:
    made = house.create(paused=True)

    assert made.is_paused
    assert made.next_at is None
    assert house.service.resume("nightly", by=ANNA).next_at is not None


def test_a_deleted_schedule_leaves_its_ticks_and_frees_its_name(house: SchedulerHouse) -> None:
    first = house.create()
    house.stand_still_since("nightly", timedelta(seconds=5))
    house.catch_up()

    house.service.delete("nightly", by=ANNA)
    house.catch_up()

    assert house.service.list_all() == []
    assert len(house.store.ticks(first.id, before=None, outcome="", most=10)) == 1
    assert house.create().id != first.id


def test_run_now_runs_beside_the_plan_even_when_paused(house: SchedulerHouse) -> None:
    house.create(payload={"of": "sales"}, overlap="skip")
    before = house.service.pause("nightly", by=ANNA)

    job_id = house.service.run_now("nightly", by=BERT, reason="the boss asks")

    job = house.queue.find(job_id)
    assert job is not None
    assert job.payload == {"of": "sales"}
    (tick,) = house.service.ticks("nightly")
    assert (tick.by_hand, tick.asked_by, tick.reason) == (True, "bert", "the boss asks")
    assert (tick.outcome, tick.job_id) == (TickOutcome.RAN, job_id)
    assert house.service.get("nightly").schedule == before


def test_run_now_of_a_job_type_that_is_gone_is_refused(house: SchedulerHouse) -> None:
    house.create()
    house.know("something_else")

    with pytest.raises(InvalidRequest):
        house.service.run_now("nightly", by=BERT)

    assert house.ticks() == []


def test_ticks_come_the_newest_first_in_pages_and_by_outcome(house: SchedulerHouse) -> None:
    house.create(missed_runs="last")
    house.stand_still_since("nightly", 10 * MINUTE)
    house.catch_up()
    service = house.service

    page = service.ticks("nightly", limit=4)
    rest = service.ticks("nightly", before=page[-1].planned_at)

    assert [tick.planned_at for tick in page + rest] == sorted(
        (tick.planned_at for tick in house.ticks()), reverse=True
    )
    assert len(service.ticks("nightly", outcome="ran")) == 1
    assert len(service.ticks("nightly", outcome="missed")) == 10
    with pytest.raises(InvalidOption, match="did you mean 'missed'"):
        service.ticks("nightly", outcome="mised")
    with pytest.raises(InvalidOption, match="from 1 to 1000"):
        service.ticks("nightly", limit=0)


def test_a_preview_shows_a_schedule_a_change_or_a_draft(house: SchedulerHouse) -> None:
    house.create(cron="0 9 * * *", time_zone="Asia/Kathmandu")
    service = house.service

    kept = service.preview("nightly")
    changed = service.preview("nightly", cron="0 10 * * *")
    draft = service.preview(interval=90, count=2)

    assert kept.words == "At 09:00 every day (Asia/Kathmandu)"
    assert [run.strftime("%H:%M%z") for run in kept.runs] == ["09:00+0545"] * 5
    assert {run.hour for run in changed.runs} == {10}
    assert (draft.runs[1] - draft.runs[0]).total_seconds() == 90
    with pytest.raises(InvalidOption):
        service.preview(cron="61 * * * *")
    with pytest.raises(InvalidOption, match="it has neither"):
        service.preview()


def test_a_schedule_whose_expected_tick_is_missing_shows_as_such(house: SchedulerHouse) -> None:
    house.create("late")
    house.create("well")
    house.create("resting", paused=True)
    house.stand_still_since("late", timedelta(seconds=100))

    (overdue,) = house.service.list_all(overdue=True)

    assert overdue.schedule.name == "late"
    assert 100 <= overdue.overdue_seconds < 160
    house.catch_up()
    assert house.service.list_all(overdue=True) == []


def test_a_tick_that_was_planned_and_not_fired_shows_as_missing(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", timedelta(seconds=20))
    upcoming = house.book.upcoming(1)
    house.runner()._advance(upcoming.schedules[0], upcoming)

    (overdue,) = house.service.list_all(overdue=True)

    assert overdue.overdue_seconds >= 20


def test_who_changes_while_a_tick_is_fired_is_not_lost(house: SchedulerHouse) -> None:
    house.create()
    house.stand_still_since("nightly", timedelta(seconds=5))
    upcoming = house.book.upcoming(1)

    house.service.change("nightly", by=BERT, priority="high")
    moved = house.runner()._advance(upcoming.schedules[0], upcoming)
    house.catch_up()

    assert not moved
    (tick,) = house.ticks()
    job = house.queue.find(tick.job_id)
    assert job is not None
    assert job.queue == "high"
    assert rows(house.engine, "SELECT revision FROM schedules") == [{"revision": 2}]


def test_no_row_can_be_half_a_schedule(house: SchedulerHouse) -> None:
    house.create()

    for wrong in (
        "cron = '@daily'",
        "interval_seconds = NULL",
        "next_at = NULL",
        "paused_at = now()",
        "missed_runs = 'some'",
    ):
        with pytest.raises(Exception, match="violates check constraint"):
            run(house.engine, f"UPDATE schedules SET {wrong}")


def test_what_code_does_to_schedules_is_in_the_audit_log(house: SchedulerHouse) -> None:
    deploy = Actor("deploy-7")
    house.service.create("ping", "report", by=deploy, reason="release 7", interval=60)
    house.service.change("ping", by=deploy, interval=120)
    house.service.pause("ping", by=deploy, reason="too many")
    house.service.resume("ping", by=deploy)
    job_id = house.service.run_now("ping", by=deploy)
    house.service.delete("ping", by=deploy)
    with pytest.raises(ScheduleNotFound):
        house.service.pause("ping", by=deploy)

    found = house.audit.search(AuditFilter(actor="deploy-7"))[::-1]

    assert {row.entry.object for row in found} == {"schedule:ping"}
    assert {row.entry.actor.channel for row in found} == {Channel.PYTHON}
    assert [(row.entry.action, row.entry.outcome.value) for row in found] == [
        (f"schedules.{action}", outcome)
        for action, ended in (
            ("create", "done"),
            ("change", "done"),
            ("pause", "done"),
            ("resume", "done"),
            ("run_now", "done"),
            ("delete", "done"),
            ("pause", "refused"),
        )
        for outcome in ("intended", ended)
    ]
    done = {row.entry.action: row.entry for row in found if row.entry.outcome.value == "done"}
    assert done["schedules.create"].reason == "release 7"
    assert json.loads(done["schedules.change"].before)["interval"] == 60
    assert json.loads(done["schedules.change"].after)["interval"] == 120
    assert done["schedules.run_now"].affected_ids == (job_id,)
