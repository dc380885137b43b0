"""Freezes: nothing of what they hold starts between their beginning and their end, whoever is dead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.domain.ports import ClaimPlan, WantedTypes
from backend.domain.schedules.freeze import Window
from backend.domain.schedules.freeze_ports import PlanCode
from tests.contract.broker.freezing import ASIDE, WHATS, freeze, jobs
from tests.contract.broker.scene import Scene
from tests.meanwhile import Meanwhile


@pytest.mark.parametrize("what", WHATS)
def test_nothing_starts_while_it_holds_and_all_go_on_after_its_end(scene: Scene, what: str) -> None:
    freeze(scene, what)
    ids = jobs(scene, 3)
    assert scene.claimed_ids() == []
    assert [scene.view(job_id).attempt for job_id in ids] == [0, 0, 0]

    scene.broker.pass_time(61)

    # Nobody promotes: there is no scheduler.
    assert scene.claimed_ids() == ids
    assert scene.broker.freezes.aside([what]) == [0]


@pytest.mark.parametrize("what", WHATS)
def test_it_begins_by_itself(scene: Scene, what: str) -> None:
    freeze(scene, what, begins=30)
    first = jobs(scene, 1)
    assert scene.claimed_ids() == first
    jobs(scene, 1)

    scene.broker.pass_time(31)

    assert scene.claimed_ids() == []


@pytest.mark.parametrize("what", ["queue:low", "lane:email", "type:other", "tenant:other"])
def test_what_it_does_not_hold_starts(scene: Scene, what: str) -> None:
    freeze(scene, what)
    ids = jobs(scene, 2)

    assert scene.claimed_ids() == ids


def test_of_a_type_or_tenant_jobs_wait_aside_so_that_others_pass(scene: Scene) -> None:
    freeze(scene, "tenant:acme")
    first, second = jobs(scene, 2)
    other = scene.waiting()

    assert scene.claimed_ids() == [other]

    assert scene.look.parked("frozen:tenant:acme", 0, 9) == [first, second]
    assert scene.broker.freezes.aside(ASIDE) == [0, 2]


@pytest.mark.parametrize("what", WHATS)
def test_what_runs_goes_on(scene: Scene, what: str) -> None:
    held = scene.started(options={"tenant": "acme"})
    freeze(scene, what)

    assert scene.settle(held, "finished").name == "SETTLED"


@pytest.mark.parametrize("what", WHATS)
def test_one_that_is_lifted_ends_at_once_with_its_ramp(scene: Scene, what: str) -> None:
    freeze(scene, what, lasts=3600, ramp=100)
    ids = jobs(scene, 3)
    assert scene.claimed_ids() == []
    meanwhile = Meanwhile()

    assert scene.broker.freezes.lift("nightly", by="ada", reason="done early")

    assert scene.broker.freezes.all() == []
    scene.promote()
    first = scene.claimed_ids()
    # One comes at once, and one more each second: the clock of Redis goes on.
    assert 1 <= len(first) <= 1 + meanwhile.seconds
    scene.broker.pass_time(101)
    scene.promote()
    assert first + scene.claimed_ids() == ids


def test_one_that_is_lifted_before_it_begins_never_does(scene: Scene) -> None:
    freeze(scene, "queue:normal", begins=10)
    assert scene.broker.freezes.lift("nightly", by="ada", reason="")
    assert not scene.broker.freezes.lift("nightly", by="ada", reason="")
    ids = jobs(scene, 1)

    scene.broker.pass_time(11)

    assert scene.claimed_ids() == ids
    assert scene.broker.freezes.windows() == []


def test_of_two_that_overlap_the_last_end_counts(scene: Scene) -> None:
    freeze(scene, "type:greet", lasts=30, name="short")
    freeze(scene, "type:greet", lasts=90, name="long")
    ids = jobs(scene, 1)
    assert scene.claimed_ids() == []

    scene.broker.pass_time(31)
    scene.promote()
    assert scene.claimed_ids() == []
    scene.broker.pass_time(60)

    assert scene.claimed_ids() == ids


@pytest.mark.parametrize("what", WHATS)
def test_who_comes_after_the_shorter_of_two_waits_for_the_longer(scene: Scene, what: str) -> None:
    freeze(scene, what, lasts=30, name="short")
    freeze(scene, what, lasts=90, name="long")
    scene.broker.pass_time(31)
    jobs(scene, 1)

    assert scene.claimed_ids() == []


def test_a_job_that_two_freezes_hold_waits_for_both(scene: Scene) -> None:
    freeze(scene, "type:greet", lasts=30, name="short")
    freeze(scene, "tenant:acme", lasts=90, name="long")
    ids = jobs(scene, 2)
    assert scene.claimed_ids() == []

    scene.broker.pass_time(31)
    assert scene.claimed_ids() == []
    scene.broker.pass_time(60)

    assert scene.claimed_ids() == ids


def test_what_was_said_of_it_is_told(scene: Scene) -> None:
    window = freeze(scene, "lane:default", begins=30, ramp=20)

    [kept] = scene.broker.freezes.all()
    [written] = scene.broker.freezes.windows()

    assert (kept.freeze.what, kept.by, kept.reason) == ("lane:default", "ada", "ledger close")
    assert kept.since is not None
    assert (written.name, written.what, written.ramp_seconds) == ("nightly", "lane:default", 20)
    assert abs((written.ends_at - window.ends_at).total_seconds()) < 0.001


def test_the_calendar_writes_the_next_windows_and_those_under_way_stay(scene: Scene) -> None:
    now = freeze(scene, "queue:normal")
    [kept] = scene.broker.freezes.all()
    before = scene.broker.freezes.windows()
    later = Window(now.starts_at + timedelta(days=1), now.ends_at + timedelta(days=1))

    assert scene.broker.freezes.plan(kept, [now, later], 3) is PlanCode.WRITTEN

    assert scene.broker.freezes.windows()[:1] == before
    assert len(scene.broker.freezes.windows()) == 2
    ids = jobs(scene, 1)
    assert scene.claimed_ids() == []
    scene.broker.pass_time(61)
    assert scene.claimed_ids() == ids


def test_a_calendar_of_an_earlier_leader_writes_nothing(scene: Scene) -> None:
    now = freeze(scene, "queue:normal")
    [kept] = scene.broker.freezes.all()
    scene.broker.freezes.plan(kept, [now], 3)

    assert scene.broker.freezes.plan(kept, [], 2) is PlanCode.NEWER_LEADER

    assert len(scene.broker.freezes.windows()) == 1


@pytest.mark.parametrize("change", ["lifted", "said anew"])
def test_a_calendar_that_read_another_word_writes_nothing(scene: Scene, change: str) -> None:
    now = freeze(scene, "queue:normal", lasts=3600)
    [kept] = scene.broker.freezes.all()
    if change == "lifted":
        scene.broker.freezes.lift("nightly", by="ada", reason="")
    else:
        freeze(scene, "queue:low")

    assert scene.broker.freezes.plan(kept, [now], 0) is PlanCode.ANOTHER_WORD

    assert scene.claimed_ids() == []
    ids = jobs(scene, 1)
    assert scene.claimed_ids() == ids


def test_those_who_wait_may_be_canceled_and_moved(scene: Scene) -> None:
    freeze(scene, "type:greet")
    first, second = jobs(scene, 2)
    scene.claimed_ids()

    assert scene.cancel(first) == [1]
    scene.do.reprioritise([(second, "high")], by="ada", reason="", front=False)
    scene.broker.pass_time(61)

    assert [held.queue for held in scene.claim(5)] == ["high"]


def test_a_shorter_freeze_lets_go_sooner(scene: Scene) -> None:
    freeze(scene, "type:greet", lasts=3600)
    ids = jobs(scene, 1)
    assert scene.claimed_ids() == []

    freeze(scene, "type:greet", lasts=30)
    scene.broker.pass_time(31)
    scene.promote()

    assert scene.claimed_ids() == ids


def test_the_scheduler_is_told_when_to_look_again(scene: Scene) -> None:
    freeze(scene, "type:greet", lasts=61)
    jobs(scene, 1)
    scene.claimed_ids()

    promotion = scene.broker.timetable.promote(10, 0)

    assert 55 < (promotion.next_due or 0) <= 60


def test_the_same_word_again_is_no_other_word(scene: Scene) -> None:
    freeze(scene, "queue:normal")
    [kept] = scene.broker.freezes.all()

    scene.broker.freezes.set(kept.freeze, [], by="ada", reason="again")

    assert scene.broker.freezes.all() == [kept]


@pytest.mark.parametrize("what", WHATS)
def test_none_of_them_is_picked_out_either(scene: Scene, what: str) -> None:
    ids = jobs(scene, 2)
    freeze(scene, what)
    wanted, plan = WantedTypes(["greet"]), [ClaimPlan("normal", 0)]

    assert scene.worker().pick_out(wanted, plan, 5).jobs == []
    scene.broker.pass_time(61)
    scene.promote()

    assert [held.id for held in scene.worker().pick_out(wanted, plan, 5).jobs] == ids


def test_what_is_said_of_one_freeze_leaves_the_windows_of_others_alone(scene: Scene) -> None:
    first = freeze(scene, "queue:low", name="move")
    freeze(scene, "queue:normal", begins=-2, name="nightly")

    freeze(scene, "queue:normal", begins=10, name="nightly")
    scene.broker.freezes.lift("nightly", by="ada", reason="")

    [window] = [each for each in scene.broker.freezes.windows() if each.name == "move"]
    assert window.what == "queue:low"
    assert abs(window.ends_at - first.ends_at) <= timedelta(milliseconds=1)
    assert [
        each.what for each in scene.broker.freezes.windows() if each.ends_at > scene.broker.now()
    ] == ["queue:low"]
