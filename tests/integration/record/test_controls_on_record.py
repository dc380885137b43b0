"""What operators say outlives each store: the other one has it, and the later word holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.broker.jobs.inspection import RedisInspection
from backend.broker.jobs.operations import RedisOperations
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.schedules.redis_freezes import RedisFreezes
from backend.domain.access.actor import Actor
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.schedules.freeze import Freeze
from backend.history.server.connection import connect
from backend.loops.calendar import Calendar
from backend.loops.control_watch import ControlWatch
from backend.loops.leader import Leader
from backend.services.jobs.job_control import JobControl
from backend.services.ledger.control_keeper import ControlKeeper
from backend.services.schedules.freeze_planner import FreezePlanner
from backend.services.schedules.freeze_service import FreezeService
from tests.integration.broker.bench import Bench, new_job
from tests.integration.record.bureau import Bureau

ADA = Actor("ada")
NOWHERE = "postgresql+psycopg2://nobody@127.0.0.1:1/none"


@pytest.fixture
def control(bureau: Bureau) -> JobControl:
    """What people do, written down at once."""
    return control_of(bureau, bureau.keeper())


def control_of(bureau: Bureau, keeper: ControlKeeper) -> JobControl:
    """What people do, written down by this keeper."""
    desk = RedisOperations(bureau.redis, bureau.keys)
    look = RedisInspection(bureau.redis, bureau.keys)
    return JobControl(desk, look, bureau.queue, bureau.intake, keeper.note)


def cut_off(bureau: Bureau) -> ControlKeeper:
    """A keeper that finds no Postgres."""
    return bureau.keeper(connect(NOWHERE))


def recorded(bureau: Bureau) -> dict[str, tuple[str, str, str]]:
    """Value, who and why of each word on record."""
    return {each.name: (each.value, each.by, each.reason) for each in bureau.book.read()}


def test_what_is_said_is_on_record_at_once(bureau: Bureau, control: JobControl) -> None:
    control.pause("queue:low", by=ADA, reason="disk")
    control.pause("lane:report", by=ADA)
    control.resume("lane:report", by=Actor("bob"), reason="done")
    control.limit("greet", 3, by=ADA, reason="slow")

    assert recorded(bureau) == {
        "pause:queue:low": ("1", "ada", "disk"),
        "pause:lane:report": ("", "bob", "done"),
        "limit:type:greet": ("3", "ada", "slow"),
    }
    assert bureau.keeper().agree() == []
    assert not bureau.keeper().differ()


def test_a_redis_that_lost_everything_has_it_again(bureau: Bureau, control: JobControl) -> None:
    control.pause("type:greet", by=ADA, reason="disk")
    control.pause("queue:high", by=ADA)
    control.resume("queue:high", by=ADA)
    control.limit("count", 2, by=ADA)
    before = bureau.inspection.pauses()
    bureau.redis.flushall()

    ControlWatch(bureau.keeper(), bureau.clock).run_once()

    assert bureau.inspection.pauses() == before
    assert bureau.inspection.limits() == {"count": 2}
    assert not bureau.keeper().differ()


def test_an_older_copy_of_redis_learns_what_was_said_since(
    bureau: Bureau, control: JobControl
) -> None:
    control.pause("queue:low", by=ADA)
    control.pause("queue:high", by=ADA)
    copy = {key: bureau.redis.dump(key) for key in bureau.redis.keys("rq:tally:*")}
    control.resume("queue:low", by=ADA)
    control.limit("greet", 5, by=ADA)
    bureau.redis.flushall()
    for key, dump in copy.items():
        bureau.redis.restore(key, 0, dump)

    bureau.keeper().agree()

    assert bureau.inspection.paused() == ["queue:high"]
    assert bureau.inspection.limits() == {"greet": 5}


def test_a_pause_is_never_refused_because_postgres_is_away(bureau: Bureau) -> None:
    assert control_of(bureau, cut_off(bureau)).pause("queue:low", by=ADA, reason="night")

    assert bureau.inspection.paused() == ["queue:low"]
    assert recorded(bureau) == {}

    ControlWatch(bureau.keeper(), bureau.clock).run_once()

    assert recorded(bureau) == {"pause:queue:low": ("1", "ada", "night")}


def test_a_pause_at_night_holds_against_the_word_of_the_day_before(
    bureau: Bureau, control: JobControl
) -> None:
    control.pause("queue:low", by=ADA)
    control.resume("queue:low", by=ADA, reason="day")
    control_of(bureau, cut_off(bureau)).pause("queue:low", by=ADA, reason="night")

    bureau.keeper().agree()

    assert bureau.inspection.paused() == ["queue:low"]
    assert recorded(bureau)["pause:queue:low"] == ("1", "ada", "night")


def test_the_word_of_now_holds_though_the_clock_of_a_new_redis_is_behind(
    bureau: Bureau, control: JobControl
) -> None:
    ahead = 1 << 52
    bureau.redis.set(bureau.keys.controls_version, ahead)
    control.pause("queue:low", by=ADA)
    control.resume("queue:low", by=ADA)
    bureau.redis.flushall()

    control.pause("queue:low", by=ADA, reason="now")

    assert bureau.inspection.paused() == ["queue:low"]
    assert recorded(bureau)["pause:queue:low"] == ("1", "ada", "now")
    assert bureau.keeper().agree() == []


def test_what_redis_had_before_the_upgrade_is_taken_over(bureau: Bureau) -> None:
    bureau.redis.sadd(bureau.keys.paused, "queue:low")
    bureau.redis.hset(bureau.keys.limits, "greet", 4)

    ControlWatch(bureau.keeper(), bureau.clock).run_once()

    assert recorded(bureau) == {
        "pause:queue:low": ("1", "", ""),
        "limit:type:greet": ("4", "", ""),
    }
    assert bureau.inspection.paused() == ["queue:low"]


def test_what_the_last_release_does_during_the_deploy_holds(
    bureau: Bureau, control: JobControl
) -> None:
    control.pause("queue:low", by=ADA)
    watch = ControlWatch(bureau.keeper(), bureau.clock)
    watch.run_once()
    bureau.redis.srem(bureau.keys.paused, "queue:low")
    bureau.redis.hdel(bureau.keys.pauses, "queue:low")

    bureau.keeper().agree()

    assert bureau.inspection.paused() == []
    assert recorded(bureau)["pause:queue:low"][0] == ""


def test_differences_are_named_and_nothing_is_changed(bureau: Bureau, control: JobControl) -> None:
    control.pause("queue:low", by=ADA)
    control.pause("queue:high", by=ADA)
    control.resume("queue:high", by=ADA)
    bureau.redis.flushall()
    cut = control_of(bureau, cut_off(bureau))
    cut.limit("greet", 2, by=ADA)

    found = bureau.keeper().differences()

    assert [(each.holds.words, each.is_live_behind) for each in found] == [
        ("limit of type:greet: 2", False),
        ("pause of queue:low", True),
    ]
    assert bureau.inspection.paused() == []


def test_reconciling_names_them_and_repairing_makes_them_agree(
    bureau: Bureau, control: JobControl
) -> None:
    control.pause("queue:low", by=ADA)
    bureau.redis.flushall()

    report = bureau.ledger().reconcile()
    assert [each.holds.name for each in report.controls] == ["pause:queue:low"]
    assert bureau.inspection.paused() == []

    bureau.ledger().reconcile(repair=True)
    assert bureau.inspection.paused() == ["queue:low"]
    assert bureau.ledger().reconcile().controls == []


def test_a_rebuild_sets_them_before_it_makes_any_job(bureau: Bureau, control: JobControl) -> None:
    bureau.enqueue(bureau.job(job_id="a"))
    control.pause("queue:normal", by=ADA)
    control.limit("greet", 2, by=ADA)
    control.limit("count", 2, by=ADA)
    control.limit("count", 0, by=ADA)
    bureau.record()
    bureau.redis.flushall()

    report = bureau.ledger().rebuild()

    assert [each.words for each in report.controls] == [
        "limit of type:greet: 2",
        "pause of queue:normal",
    ]
    assert report.lost_controls == []
    assert bureau.bench.claim() == []


def test_two_keepers_at_once_change_nothing_twice(bureau: Bureau, control: JobControl) -> None:
    control.pause("queue:low", by=ADA)
    bureau.redis.flushall()

    assert len(bureau.keeper().agree()) == 1
    assert bureau.keeper().agree() == []
    bureau.bench.seed(new_job("a", "low"))
    assert bureau.bench.claim(1, ("low",)) == []


def test_a_redis_that_lost_everything_is_frozen_again_by_the_record_and_the_calendar(
    bureau: Bureau,
) -> None:
    freezes = RedisFreezes(bureau.redis, bureau.keys)
    now = bureau.clock.now()
    freeze = Freeze("move", "type:greet", now, now + timedelta(hours=1))
    kinds = bureau.intake.catalogue
    service = FreezeService(freezes, kinds, bureau.clock.now, bureau.keeper().note)
    service.set(freeze, by=ADA, reason="disk")
    calendar = _calendar(bureau)
    calendar.run_once()
    before = bureau.inspection.frozen()
    bureau.redis.flushall()
    # It looks before the words are back, and must look again.
    calendar.run_once()

    ControlWatch(bureau.keeper(), bureau.clock).run_once()
    calendar.run_once()

    assert bureau.inspection.frozen() == before != []
    assert [(state.kept.by, state.kept.reason) for state in service.all()] == [("ada", "disk")]


def _calendar(bureau: Bureau) -> Calendar:
    leadership = RedisLeadership(bureau.redis, bureau.keys)
    leader = Leader(leadership, bureau.clock, duty="calendar", holder="s1", lease=3.0)
    freezes = RedisFreezes(bureau.redis, bureau.keys)
    return Calendar(FreezePlanner(freezes, bureau.clock.now), leader, bureau.clock)


def test_a_rebuild_makes_no_job_before_what_freezes_it_is_there(bureau: Bureau) -> None:
    freezes = RedisFreezes(bureau.redis, bureau.keys)
    now = bureau.clock.now()
    freeze = Freeze("move", "queue:low", now, now + timedelta(hours=1))
    kinds = bureau.intake.catalogue
    FreezeService(freezes, kinds, bureau.clock.now, bureau.keeper().note).set(freeze, by=ADA)
    bureau.enqueue(bureau.job(job_id="waits", priority="low"))
    bureau.record()
    bureau.redis.flushall()

    report = bureau.ledger().rebuild()

    assert report.restored == {"queued": 1}
    assert bureau.bench.claim(1, ("low",)) == []


def test_a_freeze_lifted_while_redis_was_away_from_the_record_is_lifted_there_too(
    bureau: Bureau,
) -> None:
    freezes = RedisFreezes(bureau.redis, bureau.keys)
    now = bureau.clock.now()
    freeze = Freeze("move", "queue:low", now, now + timedelta(hours=1), ramp_seconds=0)
    service = FreezeService(
        freezes, bureau.intake.catalogue, bureau.clock.now, bureau.keeper().note
    )
    service.set(freeze, by=ADA)
    copy = {key: bureau.redis.dump(key) for key in bureau.redis.keys("rq:tally:*")}
    service.lift("move", by=Actor("bob"))
    bureau.redis.flushall()
    for key, dump in copy.items():
        bureau.redis.restore(key, 0, dump)

    bureau.keeper().agree()

    assert service.all() == []
    assert not any(window.holds(bureau.clock.now()) for window in bureau.inspection.frozen())


def test_a_redis_that_lost_everything_has_its_rates_again_and_all_is_in_order(
    bureau: Bureau, control: JobControl
) -> None:
    control.rate("greet", Rate(2, 3600, 1), by=ADA, reason="quota")
    control.rate("count", RateWord.NONE, by=ADA)
    bureau.redis.flushall()

    ControlWatch(bureau.keeper(), bureau.clock).run_once()

    bench = Bench(bureau.redis, bureau.keys)
    first, *others = bench.seed(*[new_job() for _ in range(3)])
    assert bureau.inspection.rates() == {"greet": Rate(2, 3600, 1)}
    assert [held.id for held in bench.claim(3)] == [first]
    assert bureau.inspection.parked("rate:greet", 0, 9) == others
    assert bench.complaints() == []
    assert recorded(bureau)["rate:type:greet"] == ("2/3600/1", "ada", "quota")
    assert bureau.keeper().differences() == []
