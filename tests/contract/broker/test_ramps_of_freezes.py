"""What waited for the end of a freeze comes over its ramp."""

from __future__ import annotations

import pytest

from backend.domain.jobs.options.fairness import Fairness
from backend.domain.schedules.freeze_ports import PlanCode
from tests.contract.broker.freezing import ASIDE, WHATS, freeze, jobs
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene
from tests.meanwhile import Meanwhile


@pytest.mark.parametrize("what", WHATS)
def test_after_its_end_jobs_come_one_after_another(scene: Scene, what: str) -> None:
    ids = jobs(scene, 50)
    meanwhile = Meanwhile()
    freeze(scene, what, ramp=100)
    assert scene.claimed_ids(50) == []

    first = _come_after(scene, 60.5) + _come_after(scene, 0)
    took = meanwhile.seconds
    second, third = (_come_after(scene, seconds) for seconds in (2, 100))

    # One a second, for their share of the ramp is no more: the clock of Redis goes on meanwhile.
    assert 2 <= first <= 3 + took
    assert first + second < len(ids)
    assert first + second + third == len(ids)


def _come_after(scene: Scene, seconds: float) -> int:
    """How many are let out, and taken, once so much time has gone by."""
    scene.broker.pass_time(seconds)
    scene.promote()
    return len(scene.claimed_ids(100))


@pytest.mark.parametrize("what", WHATS)
def test_of_many_no_more_come_than_the_ramp_lets_out(scene: Scene, what: str) -> None:
    jobs(scene, 100)
    freeze(scene, what, ramp=40)
    assert scene.claimed_ids(50) == []
    assert scene.claimed_ids(50) == []

    first, second, third = (_come_after(scene, seconds) for seconds in (79, 10, 40))

    # Half of them, then three quarters; the clock of Redis goes on meanwhile.
    assert 50 <= first < 75
    assert 75 <= first + second < 100
    assert first + second + third == 100


@pytest.mark.parametrize("what", WHATS)
def test_what_no_worker_looked_at_meanwhile_comes_over_the_ramp_too(
    scene: Scene, what: str
) -> None:
    jobs(scene, 100)
    freeze(scene, what, ramp=40)
    scene.broker.pass_time(60)

    first = len(scene.claimed_ids(100))
    second, third = (_come_after(scene, seconds) for seconds in (20, 20))

    # At first one a second, then half of them; the clock of Redis goes on meanwhile.
    assert 1 <= first < 25
    assert 50 <= first + second < 75
    assert first + second + third == 100


@pytest.mark.parametrize("what", ASIDE)
def test_nor_do_those_come_at_once_who_stood_behind_a_pause(scene: Scene, what: str) -> None:
    ids = jobs(scene, 50)
    scene.do.pause("type:greet", by="ada", reason="")
    assert scene.claimed_ids(50) == []
    freeze(scene, what, ramp=100)
    scene.broker.pass_time(61)

    scene.do.resume("type:greet", ["default"], by="ada", reason="")

    # In their order, one a second: so many have gone by, and the clock of Redis goes on.
    claimed = scene.claimed_ids(50)
    assert 2 <= len(claimed) < 20
    assert claimed == ids[: len(claimed)]
    assert scene.look.parked(f"frozen:{what}", 0, 50) == ids[len(claimed) :]


def test_those_that_two_ramps_let_out_count_for_both(scene: Scene) -> None:
    freeze(scene, "type:greet", ramp=1000, name="one")
    freeze(scene, "tenant:acme", ramp=1000, name="other")
    scene.broker.pass_time(89)
    first = jobs(scene, 30)
    assert scene.claimed_ids(50) == first

    of_one = scene.accept(*(new_job() for _ in range(40)))
    of_other = scene.accept(
        *(new_job(options={"tenant": "acme"}, job_type="other") for _ in range(40))
    )

    # One more a second of each, while 31 would come of the one for which the first do not count.
    claimed = set(scene.claimed_ids(100))
    assert 1 <= len(claimed & set(of_one)) < 30
    assert 1 <= len(claimed & set(of_other)) < 30
    assert sorted(scene.look.gates()) == ["frozen:tenant:acme", "frozen:type:greet"]


def test_those_in_lines_of_a_fair_queue_count_for_its_ramp(scene: Scene) -> None:
    scene.broker.fair_queues.set_rule("normal", Fairness(), by="ada", reason="")
    jobs(scene, 100)
    freeze(scene, "queue:normal", ramp=40)

    scene.broker.pass_time(79)

    # Half of them; the clock of Redis goes on meanwhile.
    assert 50 <= len(scene.claimed_ids(100)) < 75


@pytest.mark.parametrize("what", WHATS)
def test_a_short_one_in_the_ramp_of_a_long_one_lets_nothing_out_at_once(
    scene: Scene, what: str
) -> None:
    ids = jobs(scene, 150)
    freeze(scene, what, ramp=1000, name="long")
    freeze(scene, what, begins=62, lasts=50, name="short")
    assert scene.claimed_ids(150) == []
    scene.broker.pass_time(63)
    assert scene.claimed_ids(150) == []

    come = _come_after(scene, 50)

    # As many as seconds have gone by since the long one ended; the clock of Redis goes on meanwhile.
    assert 53 <= come < 100 < len(ids)


def test_newcomers_stand_behind_those_whom_the_ramp_lets_out(scene: Scene) -> None:
    freeze(scene, "type:greet", ramp=100)
    ids = jobs(scene, 9)
    scene.claimed_ids()
    scene.broker.pass_time(60)
    last = scene.waiting()

    claimed = []
    for _ in range(10):
        scene.promote()
        claimed += scene.claimed_ids()
        scene.broker.pass_time(1)

    assert claimed == [*ids, last]


def test_a_window_that_is_over_lets_out_by_its_own_ramp_whatever_is_planned(scene: Scene) -> None:
    """Cut at each look of the calendar it would begin its ramp anew, and let out nobody for ever."""
    freeze(scene, "type:greet", begins=-100, lasts=100.5, ramp=1000)
    scene.broker.pass_time(501)
    [before] = scene.broker.freezes.windows()
    [kept] = scene.broker.freezes.all()

    assert scene.broker.freezes.plan(kept, [], 0) is PlanCode.WRITTEN

    assert scene.broker.freezes.windows() == [before]
    assert before.lets_out(scene.broker.now())
