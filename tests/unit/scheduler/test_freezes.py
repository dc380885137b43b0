"""When freezes hold, and what becomes of ticks inside: over the calendar, with the clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from backend.domain.access.actor import Actor
from backend.domain.errors import InvalidOption, InvalidRequest
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.schedules.freeze import Freeze, KeptFreeze, TicksInside
from backend.domain.schedules.freeze_ports import PlanCode
from backend.domain.schedules.schedule_errors import FreezeNotFound
from backend.domain.schedules.schedule_tick import Tick, TickOutcome
from backend.loops.calendar import Calendar
from backend.loops.leader import Leader
from backend.services.schedules.freeze_planner import FreezePlanner
from backend.services.schedules.freeze_service import FreezeService
from backend.services.schedules.freeze_windows import next_window, windows_of
from backend.services.schedules.frozen_tick import freeze_of_tick
from tests.contract.broker.brokers import InMemory
from tests.contract.broker.jobs import new_job
from tests.unit.scheduler.cron_oracle import stretches_around_changes

ADA = Actor("ada")
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _nightly(zone: str = "UTC", cron: str = "0 22 * * *", hours: float = 6) -> Freeze:
    return Freeze("nightly", "lane:email", cron=cron, length_seconds=hours * 3600, time_zone=zone)


def test_windows_are_those_of_two_days_and_the_one_that_holds() -> None:
    found = windows_of(_nightly(), NOW.replace(hour=23))

    assert [f"{each.starts_at:%d %H}" for each in found] == ["30 22", "01 22", "02 22"]
    assert {each.ends_at - each.starts_at for each in found} == {6 * HOUR}


def test_one_that_holds_once_has_one_window_until_it_is_over() -> None:
    once = Freeze("move", "queue:low", NOW, NOW + HOUR)

    assert windows_of(once, NOW) == windows_of(once, NOW + HOUR / 2) != []
    assert windows_of(once, NOW + HOUR) == []
    assert windows_of(once, NOW - timedelta(days=3)) == []
    assert next_window(once, NOW - timedelta(days=3)) is not None


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_around_changes_of_the_clocks_it_begins_when_the_wall_says_so(zone: str) -> None:
    """Told minute by minute: it holds for its length after each time that the wall shows its beginning."""
    freeze = _nightly(zone, "30 2 * * *", hours=3)
    for steps in stretches_around_changes(zone, 2026, 2026):
        begun: datetime | None = None
        shown: set[datetime] = set()
        for at, wall in steps:
            is_time = (wall.hour, wall.minute) == (2, 30) and wall not in shown
            # Where the clocks jump over it, it begins at the first minute behind.
            jumped = (
                (at - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
            )
            is_skipped = (
                jumped < wall.replace(hour=2, minute=30) < wall and jumped.date() == wall.date()
            )
            if is_time or is_skipped:
                begun = at
                shown.add(wall.replace(hour=2, minute=30))
            window = next_window(freeze, at)
            holds = window is not None and window.starts_at <= at
            if begun is not None:
                assert holds == (at < begun + 3 * HOUR), (zone, at)


def test_a_line_that_ticks_very_often_is_written_as_far_as_it_reaches() -> None:
    found = windows_of(_nightly(cron="* * * * *", hours=1 / 120), NOW)

    assert len(found) == 500


@pytest.mark.parametrize(
    ("what", "is_inside"),
    [("lane:default", True), ("type:greet", True), ("tenant:acme", True), ("queue:low", False)],
)
def test_a_tick_inside_is_held_or_skipped_as_the_freeze_says(what: str, is_inside: bool) -> None:
    job = new_job(options={"tenant": "acme"})
    tick = Tick("s", NOW, NOW + HOUR / 2, TickOutcome.PLANNED)
    hold = KeptFreeze(Freeze("hold", what, NOW, NOW + 2 * HOUR), 1)
    skip = KeptFreeze(Freeze("skip", what, NOW, NOW + HOUR, ticks=TicksInside.SKIP), 2)

    held, skipped = (freeze_of_tick(each, job, tick) for each in ([hold], [hold, skip]))

    assert (held is not None) == (skipped is not None) == is_inside
    if held and skipped:
        assert held.words == "held by the freeze hold until 2026-11-30 14:00 UTC"
        assert (skipped.is_skipped, skipped.words) == (True, "skipped by the freeze skip")
    by_hand = freeze_of_tick([hold, skip], job, tick._replace(by_hand=True))
    assert by_hand is None or not by_hand.is_skipped
    assert freeze_of_tick([hold, skip], job, tick._replace(due_at=NOW + 2 * HOUR)) is None


@pytest.fixture
def memory() -> InMemory:
    return InMemory()


@pytest.fixture
def service(memory: InMemory) -> FreezeService:
    kinds = [JobType("greet", lambda: None), JobType("send", lambda: None, lane="email")]
    return FreezeService(memory.freezes, JobTypeCatalogue(kinds), memory.clock.now, NOTED.append)


NOTED: list[str] = []


def _once(memory: InMemory, what: str = "type:greet", hours: float = 1) -> Freeze:
    now = memory.clock.now()
    return Freeze("move", what, now, now + hours * HOUR)


def test_what_was_said_holds_is_written_down_and_told(
    memory: InMemory, service: FreezeService
) -> None:
    NOTED.clear()
    state = service.set(_once(memory), by=ADA, reason="disk")

    assert (state.holds, state.is_planned, state.aside) == (True, True, 0)
    assert (state.kept.by, state.kept.reason) == ("ada", "disk")
    assert service.all() == [state]
    service.lift("move", by=ADA)
    with pytest.raises(FreezeNotFound, match="there is no freeze 'move'"):
        service.lift("move", by=ADA)
    assert NOTED == ["freeze:move", "freeze:move"]


@pytest.mark.parametrize(
    "what", ["type:nobody", "lane:nowhere", "queue:nowhere:high", "queue:high:emial"]
)
def test_what_is_not_there_cannot_be_frozen(
    memory: InMemory, service: FreezeService, what: str
) -> None:
    with pytest.raises(InvalidRequest):
        service.set(_once(memory, what), by=ADA)

    assert service.all() == []


def test_what_lies_in_the_past_or_cannot_be_read_is_refused(
    memory: InMemory, service: FreezeService
) -> None:
    with pytest.raises(InvalidOption, match="in the past"):
        service.set(Freeze("n", "queue:low", LONG_AGO, LONG_AGO + HOUR), by=ADA)
    for wrong in (_nightly(zone="Mars/Base"), _nightly(cron="nonsense")):
        with pytest.raises(InvalidOption):
            service.set(wrong, by=ADA)
    assert memory.freezes.windows() == []


def _calendar(memory: InMemory) -> tuple[Calendar, Leader]:
    leader = Leader(memory.leadership, memory.clock, duty="calendar", holder="s1", lease=3)
    return Calendar(FreezePlanner(memory.freezes, memory.clock.now), leader, memory.clock), leader


def test_the_calendar_plans_at_once_what_was_said_and_later_what_is_to_come(
    memory: InMemory,
) -> None:
    calendar, _ = _calendar(memory)
    calendar.run_once()
    memory.freezes.set(_nightly(), [], by="ada", reason="")
    assert memory.freezes.windows() == []

    calendar.run_once()
    first = memory.freezes.windows()
    memory.clock.move(86_400)
    calendar.run_once()

    assert len(first) >= 2
    assert memory.freezes.windows()[-1].starts_at == first[-1].starts_at + 24 * HOUR


def test_a_calendar_that_another_leads_stands_back_and_may_lead_again(memory: InMemory) -> None:
    calendar, leader = _calendar(memory)
    calendar.run_once()
    memory.freezes.set(_nightly(), [], by="ada", reason="")
    [kept] = memory.freezes.all()
    assert memory.freezes.plan(kept, [], leader.fence + 5) is PlanCode.WRITTEN

    calendar.run_once()

    assert (leader.fence, memory.freezes.windows()) == (0, [])
    calendar.run_once()
    assert memory.freezes.windows() != []


def test_one_that_cannot_be_read_does_not_keep_the_others_from_being_planned(
    memory: InMemory,
) -> None:
    memory.freezes.set(_nightly(zone="Mars/Base"), [], by="ada", reason="")
    other = Freeze("other", "queue:low", cron="@hourly", length_seconds=60)
    memory.freezes.set(other, [], by="ada", reason="")

    assert FreezePlanner(memory.freezes, memory.clock.now).plan(0)

    assert {window.name for window in memory.freezes.windows()} == {"other"}
