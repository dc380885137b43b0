"""A host that vanishes: whom the rescuer charges with it, and what it gives back as if never claimed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from backend.domain.jobs.attempts.verdict import unheard_seconds
from backend.domain.jobs.job import ClaimedJob
from backend.loops.rescuer import Rescuer
from tests.contract.broker.scene import Scene

LEASE = 60.0
GRACE = 2.0


class _Rescuers:
    """Some of them, by a clock that a test moves together with the store's."""

    def __init__(self, scene: Scene, number: int = 1) -> None:
        self._scene = scene
        self._now = 0.0
        self._loops = [
            Rescuer(scene.broker.leases, self, grace=GRACE, lease_seconds=LEASE)  # type: ignore[arg-type]
            for _ in range(number)
        ]

    def monotonic(self) -> float:
        return self._now

    def after(self, seconds: float, order: Sequence[int] = (0,)) -> None:
        """Time passes; each looks, and again when the grace of what it saw is over."""
        self._scene.broker.pass_time(seconds)
        for at in order:
            self._loops[at].run_once()
        self._now += GRACE
        for at in order:
            self._loops[at].run_once()


def _claimed_one_by_one(scene: Scene, seconds: float = 10.0) -> list[ClaimedJob]:
    """Three jobs of one worker, claimed at moments of their own."""
    held = []
    for _ in range(3):
        held.append(scene.started(max_attempts=1))
        scene.broker.pass_time(seconds)
    return held


def test_of_several_whose_leases_end_one_after_the_other_none_is_charged(scene: Scene) -> None:
    held = _claimed_one_by_one(scene)
    rescuers = _Rescuers(scene)

    rescuers.after(LEASE - 29)
    assert [scene.state(job.id) for job in held] == ["queued", "started", "started"]
    rescuers.after(10)
    rescuers.after(10)

    for job in held:
        assert scene.view(job.id).failures == 0
        assert scene.kinds(job.id)[-1] == "suspected"


def test_who_did_not_rescue_the_first_of_them_has_seen_it_all_the_same(scene: Scene) -> None:
    held = _claimed_one_by_one(scene)
    rescuers = _Rescuers(scene, 2)

    rescuers.after(LEASE - 29, order=(0, 1))
    rescuers.after(10, order=(0, 1))
    rescuers.after(10, order=(1, 0))

    assert [scene.kinds(job.id)[-1] for job in held] == ["suspected"] * 3


def test_one_that_was_alone_on_its_host_is_charged(scene: Scene) -> None:
    held = scene.started(max_attempts=2)

    _Rescuers(scene).after(LEASE + 1)

    assert scene.kinds(held.id)[-1] == "crashed"
    assert scene.view(held.id).failures == 1


def test_jobs_of_other_workers_are_not_beside_it(scene: Scene) -> None:
    held = scene.started(max_attempts=2)
    scene.waiting()
    [other] = scene.claim(worker="w2")
    scene.broker.leases.extend([(other.id, other.fence)], 10 * LEASE)

    _Rescuers(scene).after(LEASE + 1)

    assert scene.kinds(held.id)[-1] == "crashed"
    assert scene.state(other.id) == "started"


def test_a_worker_that_lives_keeps_what_it_goes_on_leasing(scene: Scene) -> None:
    lost, kept = scene.started(), scene.started()
    rescuers = _Rescuers(scene)

    scene.broker.leases.extend([(kept.id, kept.fence)], 2 * LEASE)
    rescuers.after(LEASE + 1)

    assert (scene.state(lost.id), scene.state(kept.id)) == ("queued", "started")


def _claimed_unheard(scene: Scene) -> ClaimedJob:
    """By a claim that waited in the store for a job."""
    [held] = scene.claim(lease_seconds=unheard_seconds(LEASE))
    return held


def _vanishes_with(scene: Scene, held: ClaimedJob) -> str:
    _Rescuers(scene).after(LEASE + 1)
    return scene.kinds(held.id)[-1]


def test_what_its_worker_never_heard_of_was_never_claimed(scene: Scene) -> None:
    scene.waiting()
    held = _claimed_unheard(scene)

    assert _vanishes_with(scene, held) == "released"
    assert scene.view(held.id).attempt == 0


def test_what_its_worker_has_lengthened_it_has_heard_of(scene: Scene) -> None:
    scene.waiting()
    held = _claimed_unheard(scene)
    scene.broker.leases.extend([(held.id, held.fence)], LEASE)

    assert _vanishes_with(scene, held) == "crashed"


@pytest.mark.parametrize("kind", ["released", "returned"])
def test_that_an_attempt_before_was_lengthened_says_nothing_of_this_one(
    scene: Scene, kind: str
) -> None:
    before = scene.started()
    scene.broker.leases.extend([(before.id, before.fence)], LEASE)
    scene.settle(before, kind)

    held = _claimed_unheard(scene)

    [lease] = scene.broker.leases.of_worker("w1")
    assert lease.unextended_seconds == pytest.approx(unheard_seconds(LEASE))
    assert _vanishes_with(scene, held) == "released"


def test_the_leases_of_some_workers_are_found_at_one_look(scene: Scene) -> None:
    for worker in ("w1", "w2", "w3"):
        scene.waiting()
        scene.claim(worker=worker)

    found = scene.broker.leases.of_workers({"w1", "w3"})

    assert sorted(lease.worker for lease in found) == ["w1", "w3"]
    assert scene.broker.leases.of_workers([]) == []
