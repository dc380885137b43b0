"""Rates by key, and starts that take more than one: as jobs say, and as an operator says instead."""

from __future__ import annotations

from typing import Any

from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.jobs.options.rate_share import RateShare
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene
from tests.meanwhile import Meanwhile

MINUTE = Rate(6, 60.0, 1)
#: Six in a minute, three of them at once.
THREE = Rate(6, 60.0, 3)


def _said(key: str, rate: Rate = MINUTE, own: int = 1, weight: int = 1) -> dict[str, Any]:
    return {"options": {"rate_share": RateShare(weight, own, f"crm:{key}", rate).text}}


def _keyed(scene: Scene, *keys: str, **said: Any) -> list[str]:
    return scene.accept(*(new_job(**_said(key, **said)) for key in keys))


def _weighed(scene: Scene, *weights: int, **fields: Any) -> list[str]:
    return scene.accept(
        *(new_job(options={"rate_share": str(weight)}, **fields) for weight in weights)
    )


def test_each_key_has_the_rate_for_itself(scene: Scene) -> None:
    first, second, other = _keyed(scene, "a", "a", "b")

    assert scene.claimed_ids() == [first, other]

    assert scene.look.parked("rate:crm:a", 0, 9) == [second]
    assert (scene.books().parked, scene.view(second).attempt) == (1, 0)


def test_an_alarm_lets_the_next_of_a_key_through(scene: Scene) -> None:
    meanwhile = Meanwhile()
    first, second, third = _keyed(scene, "a", "a", "a")
    assert scene.claimed_ids() == [first]
    next_due = scene.broker.timetable.promote(10, 0).next_due or 0
    assert 9.99 - meanwhile.seconds <= next_due < 10.01

    scene.broker.pass_time(11)
    scene.promote()

    assert (scene.queue(), scene.look.parked("rate:crm:a", 0, 9)) == ([second], [third])
    assert scene.claimed_ids() == [second]


def test_workers_let_a_key_through_without_a_scheduler(scene: Scene) -> None:
    ids = _keyed(scene, "a", "a", "a")
    claimed = scene.claimed_ids()

    for _ in range(2):
        scene.broker.pass_time(11)
        claimed += scene.claimed_ids()

    assert claimed == ids


def test_a_start_takes_as_much_as_its_job_says(scene: Scene) -> None:
    scene.do.rate("greet", THREE)
    two, one, last = _weighed(scene, 2, 1, 1)

    assert scene.claimed_ids() == [two, one]

    assert scene.look.parked("rate:greet", 0, 9) == [last]


def test_a_large_one_waits_for_all_that_it_takes_and_small_ones_wait_behind_it(
    scene: Scene,
) -> None:
    scene.do.rate("greet", THREE)
    first, large, small = _weighed(scene, 2, 3, 1)
    assert scene.claimed_ids() == [first]

    # One unit comes back in fifteen seconds.
    scene.broker.pass_time(16)
    scene.promote()
    assert scene.claimed_ids() == []
    scene.broker.pass_time(15)
    scene.promote()

    assert scene.claimed_ids() == [large]
    scene.broker.pass_time(16)
    scene.promote()
    assert scene.claimed_ids() == [small]


def test_small_ones_that_come_from_another_gate_keep_no_large_one_waiting(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    scene.do.rate("greet", THREE)
    ids = _weighed(scene, 1, 1, 1, 1)
    [held] = scene.claim(9)
    [large] = _weighed(scene, 3, queue="high")
    scene.settle(held, "finished")
    assert scene.claimed_ids() == []
    assert scene.look.parked("rate:greet", 0, 1) == [large]
    assert {*scene.look.parked("rate:greet", 0, 9)} == {large, *ids[1:]}

    scene.broker.pass_time(16)
    scene.promote()

    assert scene.claimed_ids() == [large]


def test_who_takes_more_than_a_lowered_rate_has_takes_all_of_it(scene: Scene) -> None:
    scene.do.rate("greet", MINUTE)
    large, second = _weighed(scene, 5, 5)

    assert scene.claimed_ids() == [large]

    scene.broker.pass_time(11)
    assert scene.claimed_ids() == [second]


def test_both_rates_hold_and_neither_is_spent_while_the_other_is_shut(scene: Scene) -> None:
    scene.do.rate("greet", Rate(6, 60.0, 2))
    first, second, other = _keyed(scene, "a", "a", "b")

    assert scene.claimed_ids() == [first, other]
    scene.broker.pass_time(13)
    scene.promote()

    assert scene.claimed_ids() == [second]


def test_the_weights_of_type_and_key_are_told_apart(scene: Scene) -> None:
    scene.do.rate("greet", THREE)
    first, second, third = _keyed(scene, "a", "b", "c", rate=THREE, own=3, weight=1)

    assert scene.claimed_ids() == [first, second, third]

    state = scene.look.rate_state("crm:a", THREE)
    assert state is not None
    assert state.opens_at is not None


def test_another_rate_of_a_key_holds_for_who_waits_already(scene: Scene) -> None:
    ids = _keyed(scene, "a", "a", "a", "a")
    assert scene.claimed_ids() == ids[:1]

    scene.do.rate_key("crm:a", Rate(100, 1.0, 5), by="ada", reason="they pay for more")
    scene.broker.pass_time(1)

    assert scene.claimed_ids() == ids[1:]
    assert scene.look.key_rates() == {"crm:a": Rate(100, 1.0, 5)}


def test_without_the_rate_of_a_key_all_of_it_start(scene: Scene) -> None:
    ids = _keyed(scene, "a", "a", "a", "b", "b")
    assert scene.claimed_ids() == [ids[0], ids[3]]

    scene.do.rate_key("crm:a", RateWord.NONE)

    assert scene.claimed_ids() == ids[1:3]
    assert scene.look.key_rates() == {"crm:a": None}


def test_given_back_the_rate_is_that_of_the_jobs(scene: Scene) -> None:
    scene.do.rate_key("crm:a", RateWord.NONE)
    scene.do.rate_key("crm:a", RateWord.DECLARED)
    ids = _keyed(scene, "a", "a")

    assert (scene.claimed_ids(), scene.look.key_rates()) == (ids[:1], {})


def test_who_is_on_the_way_takes_as_much_as_it_says(scene: Scene) -> None:
    scene.do.rate("greet", THREE)
    ids = _weighed(scene, 3, 2, 2)
    assert scene.claimed_ids() == ids[:1]

    for _ in range(4):
        scene.broker.pass_time(16)
        scene.promote()

    assert (scene.queue(), scene.look.parked("rate:greet", 0, 9)) == (ids[1:2], ids[2:])


def test_those_of_a_key_who_wait_may_be_canceled_and_moved(scene: Scene) -> None:
    _, second, third = _keyed(scene, "a", "a", "a")
    scene.claimed_ids()

    assert scene.cancel(second) == [1]
    scene.do.reprioritise([(third, "high")], by="ada", reason="", front=False)
    scene.broker.pass_time(11)

    assert [held.queue for held in scene.claim(5)] == ["high"]


def test_how_the_rate_of_a_key_stands_is_told(scene: Scene) -> None:
    assert scene.look.rate_state("crm:a") is None
    meanwhile = Meanwhile()
    _keyed(scene, "a", "a", rate=THREE, own=3)
    scene.claimed_ids()

    state = scene.look.rate_state("crm:a", THREE)

    assert state is not None
    assert (state.rate, state.waiting) == (THREE, 1)
    now = scene.broker.now()
    apart = (state.starts_at(3, now) - now).total_seconds()
    assert 44.99 - meanwhile.seconds <= apart <= 45.01
