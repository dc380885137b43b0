"""Leases: whoever runs a job shows that it is alive, and loses the job when it does not."""

from __future__ import annotations

import pytest

from backend.domain.jobs.step_codes import ExtendCode, SettleCode
from tests.contract.broker.scene import Scene


def test_a_lease_that_is_not_lengthened_ends(scene: Scene) -> None:
    held = scene.started()
    assert scene.broker.leases.expired(10) == []

    scene.broker.pass_time(61)

    [lease] = scene.broker.leases.expired(10)
    assert (lease.job_id, lease.fence, lease.worker) == (held.id, held.fence, "w1")
    assert (lease.failures, lease.max_attempts) == (0, 3)


def test_a_lease_that_is_lengthened_does_not_end(scene: Scene) -> None:
    held = scene.started()
    scene.broker.pass_time(50)

    assert scene.broker.leases.extend([(held.id, held.fence)], 60.0) == [ExtendCode.EXTENDED]

    scene.broker.pass_time(50)
    assert scene.broker.leases.expired(10) == []
    scene.broker.pass_time(20)
    assert len(scene.broker.leases.expired(10)) == 1


@pytest.mark.parametrize(
    ("force", "code"), [(False, ExtendCode.ASKED_TO_CANCEL), (True, ExtendCode.ASKED_TO_STOP)]
)
def test_whoever_lengthens_a_lease_hears_that_its_job_is_to_end(
    scene: Scene, force: bool, code: ExtendCode
) -> None:
    held = scene.started()
    scene.cancel(held.id, force=force)

    assert scene.broker.leases.extend([(held.id, held.fence)], 60.0) == [code]


def test_a_lost_lease_is_lost_and_hides_no_other(scene: Scene) -> None:
    lost, kept = scene.started(), scene.started()
    scene.settle(lost, "released")
    scene.claim()
    held = [(lost.id, lost.fence), (kept.id, kept.fence), ("nobody", "1-0")]

    codes = scene.broker.leases.extend(held, 60.0)

    assert codes == [ExtendCode.LOST, ExtendCode.EXTENDED, ExtendCode.LOST]


def test_the_lease_of_a_job_that_ended_is_lost_and_stays_away(scene: Scene) -> None:
    held = scene.started()
    scene.settle(held, "finished")

    assert scene.broker.leases.extend([(held.id, held.fence)], 60.0) == [ExtendCode.LOST]
    assert scene.broker.leases.of_worker("w1") == []


def test_the_leases_of_one_worker_can_be_told_from_those_of_others(scene: Scene) -> None:
    mine = scene.started()
    scene.waiting()
    scene.claim(worker="w2")

    assert [lease.job_id for lease in scene.broker.leases.of_worker("w1")] == [mine.id]


def test_an_expired_lease_gives_its_job_back_to_the_front_uncharged(scene: Scene) -> None:
    held, behind = scene.started(), scene.waiting()
    scene.broker.pass_time(61)
    [lease] = scene.broker.leases.expired(10)

    assert scene.rescue(lease, "released")

    assert scene.queue() == [held.id, behind]
    assert scene.view(held.id).failures == 0
    assert scene.broker.leases.expired(10) == []


def test_a_lease_that_has_not_ended_is_left_alone(scene: Scene) -> None:
    held = scene.started()

    assert not scene.rescue(scene.lease_of(held))
    assert scene.state(held.id) == "started"


def test_a_lease_that_was_lengthened_meanwhile_is_left_alone(scene: Scene) -> None:
    held = scene.started()
    scene.broker.pass_time(61)
    [lease] = scene.broker.leases.expired(10)
    scene.broker.leases.extend([(held.id, held.fence)], 60.0)

    assert not scene.rescue(lease)


def test_the_leases_of_a_worker_known_dead_need_not_have_ended(scene: Scene) -> None:
    held = scene.started()

    assert scene.rescue(scene.lease_of(held), only_expired=False)
    assert scene.state(held.id) == "queued"


def test_a_job_that_another_took_meanwhile_is_left_alone(scene: Scene) -> None:
    held = scene.started()
    lease = scene.lease_of(held)
    scene.settle(held, "released")
    scene.claim(worker="w2")

    assert not scene.rescue(lease, only_expired=False)
    assert scene.view(held.id).worker == "w2"


def test_a_rescued_job_is_rescued_once_and_its_late_outcome_refused(scene: Scene) -> None:
    held = scene.started()
    lease = scene.lease_of(held)

    rescued = [scene.rescue(lease, "crashed", only_expired=False) for _ in range(2)]

    assert rescued == [True, False]
    assert scene.settle(held, "finished") is SettleCode.LOST
    assert (scene.state(held.id), scene.view(held.id).failures) == ("queued", 1)


@pytest.mark.parametrize("kind", ["released", "retried", "failed"])
def test_the_late_outcome_of_a_rescued_job_is_refused_not_found_done(
    scene: Scene, kind: str
) -> None:
    held = scene.started()

    scene.rescue(scene.lease_of(held), kind, only_expired=False)

    assert scene.settle(held, kind) is SettleCode.LOST


def test_a_lease_that_moved_since_it_was_seen_is_left_alone_though_it_has_ended_again(
    scene: Scene,
) -> None:
    held = scene.started()
    scene.broker.pass_time(61)
    [seen] = scene.broker.leases.expired(10)
    scene.broker.leases.extend([(held.id, held.fence)], 0.0)
    [again] = scene.broker.leases.expired(10)

    assert (scene.rescue(seen), scene.rescue(again)) == (False, True)


@pytest.mark.parametrize(
    ("kind", "then"), [("released", 1), ("returned", 1), ("crashed", 1), ("suspected", 2)]
)
def test_a_lease_tells_how_often_its_job_was_suspected(scene: Scene, kind: str, then: int) -> None:
    held = scene.started(max_attempts=5)
    told = [scene.lease_of(held).suspicions]

    for word in ("suspected", kind):
        scene.rescue(scene.lease_of(held), word, only_expired=False)
        [held] = scene.claim()
        told.append(scene.lease_of(held).suspicions)

    assert told == [0, 1, then]


@pytest.mark.parametrize("kind", ["retried", "snoozed"])
def test_an_attempt_that_ended_otherwise_clears_its_job(scene: Scene, kind: str) -> None:
    held = scene.started()
    scene.rescue(scene.lease_of(held), "suspected", only_expired=False)
    [held] = scene.claim()

    scene.settle(held, kind, delay=1.0)
    scene.broker.pass_time(2)
    scene.promote()

    [held] = scene.claim()
    assert scene.lease_of(held).suspicions == 0


def test_a_job_that_comes_back_from_the_dead_is_no_suspect_of_before(scene: Scene) -> None:
    held = scene.started()
    scene.rescue(scene.lease_of(held), "suspected", only_expired=False)
    [held] = scene.claim()
    scene.settle(held, "failed")

    scene.do.redrive([held.id], by="ada", reason="mended")

    [held] = scene.claim()
    assert (held.suspect, scene.lease_of(held).suspicions) == (False, 0)


def test_a_rescue_that_spends_the_last_attempt_is_the_dead_letter_queue(scene: Scene) -> None:
    held = scene.started(max_attempts=1)

    scene.rescue(scene.lease_of(held), "crashed", only_expired=False)

    assert (scene.state(held.id), scene.look.dead_count()) == ("failed", 1)


@pytest.mark.parametrize("kind", ["released", "crashed", "suspected", "retried", "returned"])
def test_a_rescued_job_that_was_asked_to_cancel_is_canceled(scene: Scene, kind: str) -> None:
    held = scene.started()
    scene.cancel(held.id)

    scene.rescue(scene.lease_of(held), kind, only_expired=False)

    assert scene.state(held.id) == "canceled"
