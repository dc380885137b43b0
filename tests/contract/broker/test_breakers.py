"""Breakers: while a destination cannot be reached its jobs wait aside, and none of them is charged."""

from __future__ import annotations

import pytest

from backend.domain.jobs.attempts.outcome import Unreached
from backend.domain.jobs.job import ClaimedJob, NewJob
from backend.domain.jobs.options.breaker import Breaker
from backend.domain.jobs.options.breaker_state import BreakerStatus
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

HOST, OTHER = "webhook:down.example.com:443", "webhook:fine.example.com:443"
#: Its times are long: on a slow machine the clock of Redis goes on meanwhile.
BREAKER = Breaker(failures=3, within=600, rest=300, longest_rest=1000)


def bound(destination: str = HOST, **fields: object) -> NewJob:
    """A job for a destination."""
    return new_job(options={"destination": destination}, **fields)


def lost(breaker: Breaker = BREAKER, retry_after: float = 0.0) -> Unreached:
    """What a worker says that got no answer."""
    return Unreached(breaker.text, retry_after, "ConnectionRefusedError: nobody there")


def fail(scene: Scene, held: ClaimedJob, kind: str = "retried", **said: float) -> None:
    """An attempt that did not reach its destination."""
    assert scene.settle(held, kind, unreached=lost(**said), delay=100_000.0) == 1


def tripped(scene: Scene, waiting: int = 2) -> list[str]:
    """A breaker that has just opened, and those who wait for its destination."""
    for held in _three_started(scene):
        fail(scene, held)
    return scene.accept(*(bound() for _ in range(waiting)))


def _three_started(scene: Scene) -> list[ClaimedJob]:
    scene.accept(bound(), bound(), bound())
    return scene.claim(3)


def status(scene: Scene) -> BreakerStatus:
    """The word for how it stands."""
    return scene.broker.breakers.find(HOST).status


def parked(scene: Scene) -> list[str]:
    """Who waits for the destination."""
    return scene.look.parked(f"breaker:{HOST}", 0, 99)


def half_open(scene: Scene, waiting: int = 2) -> tuple[ClaimedJob, list[str]]:
    """The probe that was let through, and those who still wait."""
    tripped(scene, waiting)
    assert scene.claim(9) == []
    scene.broker.pass_time(301)
    scene.promote()
    [probe] = scene.claim(9)
    return probe, parked(scene)


def test_it_opens_when_too_many_in_a_row_were_not_reached_and_that_attempt_is_charged_to_nobody(
    scene: Scene,
) -> None:
    first, second, third = _three_started(scene)
    fail(scene, first)
    fail(scene, second)
    assert status(scene) is BreakerStatus.CLOSED

    fail(scene, third)

    assert status(scene) is BreakerStatus.OPEN
    assert [scene.view(job.id).failures for job in (first, second, third)] == [1, 1, 0]
    assert [scene.state(job.id) for job in (first, second, third)] == [
        *("scheduled", "scheduled", "queued")
    ]
    assert scene.kinds(third.id)[-1] == "released"


def test_jobs_for_it_wait_aside_uncharged_and_those_for_others_go_on(scene: Scene) -> None:
    first, second = tripped(scene)
    other = scene.accept(bound(OTHER), new_job())

    assert scene.claimed_ids() == other

    assert set(parked(scene)) >= {first, second}
    assert [scene.view(job_id).attempt for job_id in (first, second)] == [0, 0]


def test_a_job_that_would_have_died_of_it_is_not_dead(scene: Scene) -> None:
    scene.accept(bound(max_attempts=1))
    first, second, third = _three_started(scene)
    [last] = scene.claim(1)
    for held in (first, second, third):
        fail(scene, held)

    fail(scene, last, "failed")

    assert scene.state(last.id) == "queued"
    assert scene.look.dead_count() == 0


def test_refusals_are_answers(scene: Scene) -> None:
    for held in _three_started(scene):
        scene.settle(held, "failed")

    assert scene.broker.breakers.find(HOST).status is BreakerStatus.CLOSED
    assert scene.broker.breakers.count() == 0


def test_failures_among_many_answers_do_not_open_it(scene: Scene) -> None:
    scene.accept(*(bound() for _ in range(8)))
    first, *others = scene.claim(8)
    fail(scene, first)
    for held in others[:4]:
        scene.settle(held, "finished")
    for held in others[4:6]:
        fail(scene, held)
    assert status(scene) is BreakerStatus.CLOSED


def test_failures_of_long_ago_count_no_more(scene: Scene) -> None:
    first, second, third = _three_started(scene)
    fail(scene, first)
    fail(scene, second)
    scene.broker.pass_time(601)

    fail(scene, third)

    assert status(scene) is BreakerStatus.CLOSED


def test_after_its_rest_one_probe_goes_however_many_workers_ask(scene: Scene) -> None:
    tripped(scene, 5)
    assert scene.claim(9) == []
    # Rounded up, and the clock of Redis goes on meanwhile.
    assert 100 < (scene.broker.timetable.promote(10, 0).next_due or 0) <= 300.01
    scene.broker.pass_time(301)
    scene.promote()

    probes = [job for n in range(10) for job in scene.claim(1, worker=f"w{n}")]

    assert len(probes) == 1
    assert scene.broker.breakers.find(HOST).probing == 1


def test_workers_send_the_probe_without_a_scheduler(scene: Scene) -> None:
    tripped(scene)
    assert scene.claim(9) == []
    scene.broker.pass_time(301)

    assert len(scene.claim(9)) == 1


def test_a_failed_probe_opens_it_again_for_twice_as_long_and_another_goes_next(
    scene: Scene,
) -> None:
    probe, waiting = half_open(scene)
    fail(scene, probe)
    assert scene.view(probe.id).failures == 0
    scene.broker.pass_time(301)
    scene.promote()
    assert scene.claim(9) == []
    assert status(scene) is BreakerStatus.OPEN
    scene.broker.pass_time(301)
    scene.promote()

    [next_probe] = scene.claim(9)

    assert next_probe.id == waiting[0]


def test_its_rest_has_an_end(scene: Scene) -> None:
    probe, _ = half_open(scene)
    for _ in range(4):
        fail(scene, probe)
        scene.broker.pass_time(1001)
        scene.promote()
        [probe] = scene.claim(9)


@pytest.mark.parametrize("kind", ["finished", "failed", "retried"])
def test_any_answer_to_a_probe_closes_it_and_who_waited_comes_back_a_few_at_a_time(
    scene: Scene, kind: str
) -> None:
    probe, _ = half_open(scene, 12)
    scene.settle(probe, kind)
    assert status(scene) is BreakerStatus.RAMPING
    held_back = 0 if scene.broker.is_ahead else 1000
    # However long a machine with a clock of its own takes, the ramp stands at its beginning.
    scene.broker.pass_time(-held_back)
    started = scene.claimed_ids(99)
    assert len(started) == 1
    scene.broker.pass_time(held_back)
    for _ in range(4):
        scene.broker.pass_time(1)
        scene.promote()
        started += scene.claimed_ids(99)

    assert len(started) == 12
    scene.broker.pass_time(1)
    scene.promote()
    assert status(scene) is BreakerStatus.CLOSED
    assert scene.broker.breakers.count() == 0


def test_newcomers_stand_behind_those_who_wait_for_the_ramp(scene: Scene) -> None:
    probe, waiting = half_open(scene, 3)
    scene.settle(probe, "finished")
    last = scene.accept(bound())
    claimed = scene.claimed_ids()
    for _ in range(4):
        scene.broker.pass_time(1)
        scene.promote()
        claimed += scene.claimed_ids()

    assert claimed == [*waiting, *last]


def test_it_opens_again_at_once_when_the_destination_goes_away_in_the_ramp(scene: Scene) -> None:
    probe, _ = half_open(scene, 9)
    scene.settle(probe, "finished")
    [held] = scene.claim(1)

    fail(scene, held)

    assert status(scene) is BreakerStatus.OPEN
    assert scene.view(held.id).failures == 0


def test_an_answer_that_was_under_way_before_it_opened_closes_nothing(scene: Scene) -> None:
    scene.accept(bound())
    [early] = scene.claim(1)
    half_open(scene)

    scene.settle(early, "finished")

    assert status(scene) is BreakerStatus.HALF_OPEN


@pytest.mark.parametrize("kind", ["released", "returned", "suspected"])
def test_a_probe_whose_worker_ends_gives_its_place_to_the_next(scene: Scene, kind: str) -> None:
    probe, waiting = half_open(scene)

    assert scene.rescue(scene.lease_of(probe), kind, only_expired=False)

    assert status(scene) is BreakerStatus.HALF_OPEN
    assert len(scene.claim(9)) == 1
    assert scene.broker.breakers.find(HOST).probing == 1
    assert waiting


def test_a_probe_that_never_comes_is_waited_for_no_longer_than_a_minute(scene: Scene) -> None:
    scene.accept(bound(queue="high"))
    tripped(scene)
    assert scene.claim(9) == []
    scene.broker.pass_time(301)
    scene.promote()
    scene.do.pause("queue:high")
    scene.broker.pass_time(61)
    scene.promote()

    assert [held.queue for held in scene.claim(9)] == ["normal"]


def test_what_the_destination_asks_for_holds_for_all_its_jobs_and_no_probe_goes_before(
    scene: Scene,
) -> None:
    scene.accept(bound(), bound())
    first, _ = scene.claim(2)
    fail(scene, first, retry_after=6000.0)
    last = scene.accept(bound())
    assert scene.claim(9) == []
    assert scene.view(first.id).failures == 0
    scene.broker.pass_time(5000)
    scene.promote()
    assert scene.claim(9) == []
    scene.broker.pass_time(1001)
    scene.promote()

    assert len(scene.claim(9)) == 1
    assert set(parked(scene)) < {first.id, *last}


def test_what_makes_no_sense_asks_for_nothing_and_ends_no_job(scene: Scene) -> None:
    scene.accept(bound(), bound())
    first, second = scene.claim(2)

    fail(scene, first, retry_after=-5.0)

    assert scene.state(first.id) == "scheduled"
    assert scene.view(first.id).failures == 1
    assert scene.settle(second, "finished") == 1
    assert status(scene) is BreakerStatus.CLOSED


def test_a_person_opens_and_closes_it(scene: Scene) -> None:
    breakers = scene.broker.breakers
    first, second = scene.accept(bound(), bound())

    assert breakers.open(HOST, by="ada", reason="they move house")
    assert not breakers.open(HOST, by="bob")
    assert scene.claim(9) == []
    scene.broker.pass_time(10_000)
    scene.promote()
    assert scene.claim(9) == []
    [found] = breakers.not_closed(10)
    assert (found.by, found.reason, found.waiting) == ("ada", "they move house", 2)
    assert found.is_by_hand

    assert breakers.close(HOST, by="bob")
    assert not breakers.close(HOST, by="bob")
    claimed = scene.claimed_ids()
    scene.broker.pass_time(2)
    scene.promote()
    assert claimed + scene.claimed_ids() == [first, second]


def test_failures_do_not_change_what_a_person_opened(scene: Scene) -> None:
    held = _three_started(scene)
    scene.broker.breakers.open(HOST, by="ada")
    for each in held:
        fail(scene, each, retry_after=1.0)

    assert scene.broker.breakers.find(HOST).is_by_hand
    assert [scene.view(each.id).failures for each in held] == [0, 0, 0]


def test_how_it_stands_is_told(scene: Scene) -> None:
    tripped(scene)
    scene.claim(9)

    found = scene.broker.breakers.find(HOST)

    assert (found.status, found.waiting, found.trips) == (BreakerStatus.OPEN, 3, 1)
    assert found.error == "ConnectionRefusedError: nobody there"
    assert found.since is not None
    assert found.probe_at is not None
    assert 299 < (found.probe_at - found.since).total_seconds() <= 301
    assert scene.broker.breakers.not_closed(10) == [found]


def test_those_who_wait_may_be_canceled_moved_and_purged(scene: Scene) -> None:
    first, second = tripped(scene)
    assert scene.claim(9) == []

    assert scene.cancel(first) == [1]
    scene.do.reprioritise([(second, "high")], by="ada", reason="", front=False)
    assert scene.do.purge("normal", by="ada", reason="") == 1
    assert parked(scene) == [second]


def test_a_limit_holds_for_probes_and_takes_no_place_from_them(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    for _ in range(3):
        scene.accept(bound())
        [held] = scene.claim(1)
        fail(scene, held)
    waiting = scene.accept(bound(), bound())
    other = scene.started(options={})
    assert other.job_type == "greet"
    scene.broker.pass_time(301)
    scene.promote()
    assert scene.claim(9) == []

    scene.settle(other, "finished")

    assert len(scene.claim(9)) == 1
    assert waiting


def test_a_job_that_nobody_says_a_destination_of_may_fail_as_often_as_it_likes(
    scene: Scene,
) -> None:
    scene.accept(*(new_job() for _ in range(5)))
    for held in scene.claim(5):
        fail(scene, held)

    assert scene.broker.breakers.count() == 0
    assert scene.count("scheduled") == 5
