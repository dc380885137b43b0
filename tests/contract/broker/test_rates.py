"""Rates: no more starts in a time than they say, and who may not start now waits aside at no cost."""

from __future__ import annotations

import pytest

from backend.domain.jobs.options.rate import Rate
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene
from tests.meanwhile import Meanwhile

LANES = ("default", "email")
MINUTE = Rate(6, 60.0, 1)


def _rated(scene: Scene, jobs: int, rate: Rate = MINUTE) -> list[str]:
    scene.do.rate("greet", rate)
    return scene.accept(*(new_job() for _ in range(jobs)))


def test_no_more_start_at_once_than_the_burst_and_the_others_wait_aside(scene: Scene) -> None:
    ids = _rated(scene, 4, Rate(10, 600.0, 2))

    assert scene.claimed_ids() == ids[:2]

    assert scene.look.parked("rate:greet", 0, 9) == ids[2:]
    assert (scene.books().parked, scene.queue()) == (2, [])
    assert [scene.view(job_id).attempt for job_id in ids[2:]] == [0, 0]


def test_an_alarm_lets_the_next_through_when_its_time_has_come(scene: Scene) -> None:
    meanwhile = Meanwhile()
    first, second, third = _rated(scene, 3)
    assert scene.claimed_ids() == [first]
    promotion = scene.broker.timetable.promote(10, 0)
    took = meanwhile.seconds
    assert promotion.moved == 0
    # Rounded up: an alarm that rings too soon would find nobody to let through.
    assert 9.99 - took <= (promotion.next_due or 0) < 10.01

    scene.broker.pass_time(11)
    scene.promote()

    assert (scene.queue(), scene.look.parked("rate:greet", 0, 9)) == ([second], [third])
    assert scene.claimed_ids() == [second]


def test_workers_let_through_without_a_scheduler(scene: Scene) -> None:
    ids = _rated(scene, 3)
    claimed = scene.claimed_ids()

    for _ in range(2):
        scene.broker.pass_time(11)
        claimed += scene.claimed_ids()

    assert claimed == ids


def test_who_is_on_the_way_is_not_followed_by_more_than_may_start(scene: Scene) -> None:
    ids = _rated(scene, 5)
    scene.claimed_ids()
    for _ in range(5):
        scene.broker.pass_time(11)
        scene.promote()

    assert scene.queue() == ids[1:2]


def test_a_full_limit_spends_no_token(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    first, second = _rated(scene, 2)
    [held] = scene.claim(5)
    assert scene.look.parked("type:greet", 0, 9) == [second]
    scene.broker.pass_time(11)
    assert scene.claimed_ids() == []

    scene.settle(held, "finished")

    assert (held.id, scene.claimed_ids()) == (first, [second])


def test_a_rate_that_is_used_up_holds_no_slot(scene: Scene) -> None:
    scene.do.limit("greet", 5)
    first, second = _rated(scene, 2)

    assert scene.claimed_ids() == [first]

    assert scene.look.gate("type:greet") == ([first], 0)
    assert scene.look.parked("rate:greet", 0, 9) == [second]


@pytest.mark.parametrize("kind", ["returned", "released", "retried"])
def test_a_job_that_is_given_back_keeps_its_token_spent(scene: Scene, kind: str) -> None:
    _, second = _rated(scene, 2)
    [held] = scene.claim(1)
    scene.settle(held, kind)

    assert scene.claimed_ids() == []
    assert second in scene.look.parked("rate:greet", 0, 9)


def test_high_is_let_through_first_and_newcomers_stand_behind_those_who_wait(scene: Scene) -> None:
    scene.do.rate("greet", MINUTE)
    ids = scene.accept(new_job(), new_job(), new_job(queue="high"))
    assert scene.claimed_ids() == ids[2:]
    scene.broker.pass_time(11)
    last = scene.waiting()

    claimed = scene.claimed_ids()
    for _ in range(2):
        scene.broker.pass_time(11)
        claimed += scene.claimed_ids()

    assert claimed == [*ids[:2], last]


def test_another_rate_holds_at_once(scene: Scene) -> None:
    ids = _rated(scene, 6)
    assert scene.claimed_ids() == ids[:1]

    scene.do.rate("greet", Rate(100, 1.0, 5))
    scene.broker.pass_time(1)

    assert scene.claimed_ids() == ids[1:]
    assert scene.look.rates() == {"greet": Rate(100, 1.0, 5)}


def test_without_the_rate_everybody_goes_on(scene: Scene) -> None:
    ids = _rated(scene, 4)
    scene.claimed_ids()

    scene.do.rate("greet", None)

    assert (scene.claimed_ids(), scene.look.rates()) == (ids[1:], {})


def test_how_a_rate_stands_is_told(scene: Scene) -> None:
    assert scene.look.rate_state("greet") is None
    _rated(scene, 3)
    before = scene.look.rate_state("greet")
    assert before is not None
    assert (before.rate, before.waiting, before.opens_at) == (MINUTE, 0, None)

    scene.claimed_ids()

    after = scene.look.rate_state("greet")
    assert after is not None
    assert after.waiting == 2
    assert after.opens_at is not None


def test_those_who_wait_may_be_canceled_and_moved(scene: Scene) -> None:
    _, second, third = _rated(scene, 3)
    scene.claimed_ids()

    assert scene.cancel(second) == [1]
    scene.do.reprioritise([(third, "high")], by="ada", reason="", front=False)
    scene.broker.pass_time(11)

    assert [held.queue for held in scene.claim(5)] == ["high"]


def test_one_let_through_whose_queue_is_paused_holds_up_nobody(scene: Scene) -> None:
    scene.do.rate("greet", MINUTE)
    scene.accept(new_job(queue="high"), new_job(queue="high"), new_job())
    scene.claimed_ids()
    scene.broker.pass_time(11)
    scene.promote()
    scene.do.pause("queue:high")
    scene.broker.pass_time(11)

    # Nobody claimed, so that no alarm is set: the usher looks.
    if hasattr(scene.do, "usher"):
        scene.do.usher(10, 10)

    assert [held.queue for held in scene.claim(5)] == ["normal"]


@pytest.mark.parametrize("before", [0, 1, 4])
def test_a_job_starts_when_it_was_told_to_and_not_before(scene: Scene, before: int) -> None:
    """As inngest #3356 and #3383: there the wait that was told was not the one that was kept."""
    ids = _rated(scene, 3 + before + 1, Rate(10, 600.0, 3))
    assert scene.claimed_ids() == ids[:3]
    state = scene.look.rate_state("greet")
    assert state is not None
    now = scene.broker.now()
    told = (state.starts_at(before + 1, now) - now).total_seconds()
    started = []
    for _ in range(before):
        scene.broker.pass_time(told / (before + 1))
        started += scene.claimed_ids()

    scene.broker.pass_time(told / (before + 1) - 20)
    started += scene.claimed_ids()
    assert started == ids[3:-1]
    scene.broker.pass_time(21)
    assert scene.claimed_ids() == ids[-1:]
