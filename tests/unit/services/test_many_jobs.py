"""What people do to many jobs at once, and to those that do not get on, over a broker in memory."""

from __future__ import annotations

import pytest

from backend.domain.access.actor import Actor
from backend.domain.jobs.job_filter import JobFilter
from backend.services.finding.stuck_jobs import StuckJobs
from backend.services.jobs.bulk_service import DEAD, UNENDED, WAITING, BulkService
from tests.contract.broker.brokers import InMemory
from tests.contract.broker.scene import Scene

ADA = Actor("ada")
VIP = {"tags": ["vip"]}


@pytest.fixture
def scene() -> Scene:
    return Scene(InMemory())


@pytest.fixture
def bulk(scene: Scene) -> BulkService:
    return BulkService(scene.do, scene.look)


def test_a_selection_takes_jobs_wherever_they_wait(scene: Scene, bulk: BulkService) -> None:
    holder, parked = scene.parked_by_limit(options=VIP)
    line = scene.waiting(job_type="other", options=VIP)
    later = scene.scheduled(options=VIP)
    scene.waiting(job_type="other")

    unended, waiting = bulk.select(JobFilter(tag="vip"), UNENDED), bulk.waiting("normal")

    assert set(unended.ids) == {holder.id, parked, line, later}
    assert {parked, line} < set(waiting.ids)
    assert not {holder.id, later} & set(waiting.ids)


def test_those_that_were_named_are_taken_if_they_are_in_such_a_state(
    scene: Scene, bulk: BulkService
) -> None:
    waits, done, dead = scene.waiting(queue="low"), scene.finished(), scene.dead()

    assert bulk.chosen([waits, done, dead, "nobody", waits], WAITING).ids == [waits]
    assert bulk.chosen([waits, done, dead], DEAD).ids == [dead]


def test_many_are_withdrawn_and_those_that_run_are_asked(scene: Scene, bulk: BulkService) -> None:
    running, waits, done = scene.started().id, scene.waiting(queue="low"), scene.finished()

    came = bulk.cancel([running, waits, done], by=ADA, reason="", force=False)

    assert (came.canceled, came.asked) == ([waits], [running])


def test_dead_jobs_that_a_filter_takes_go_home(scene: Scene, bulk: BulkService) -> None:
    meant, other = scene.dead(job_type="other"), scene.dead()
    selection = bulk.select_dead(JobFilter(job_type="other"))

    assert bulk.redrive([*selection.ids, "nobody"], by=ADA, reason="fixed") == [meant]
    assert (scene.state(meant), scene.state(other)) == ("queued", "failed")


def test_a_job_that_does_not_get_on_is_given_back_uncharged(scene: Scene) -> None:
    broker = scene.broker
    assert isinstance(broker, InMemory)
    stuck = StuckJobs(broker.inspection, broker.leases, broker.clock)
    old = scene.started()
    broker.pass_time(600)
    young = scene.started()

    [found] = stuck.older_than(300)
    assert found.id == old.id
    assert stuck.reset(stuck.held([found]), by=ADA, reason="hangs", force=False) == [old.id]

    assert (scene.state(old.id), scene.view(old.id).failures) == ("queued", 0)
    assert scene.state(young.id) == "started"


def test_what_another_worker_holds_by_then_is_left_alone(scene: Scene) -> None:
    broker = scene.broker
    assert isinstance(broker, InMemory)
    stuck = StuckJobs(broker.inspection, broker.leases, broker.clock)
    job_id = scene.started().id
    seen = stuck.held([scene.view(job_id)])
    assert stuck.reset(seen, by=ADA, reason="", force=True) == [job_id]
    [again] = scene.claim(worker="w2")

    assert stuck.held([scene.view(job_id)])[0].worker == "w2"
    assert stuck.reset(seen, by=ADA, reason="", force=True) == []
    assert (scene.state(again.id), scene.view(again.id).worker) == ("started", "w2")


def test_a_worker_that_lives_again_keeps_its_jobs_unless_by_force(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = scene.broker
    assert isinstance(broker, InMemory)
    stuck = StuckJobs(broker.inspection, broker.leases, broker.clock)
    job_id = scene.started().id
    seen = stuck.held([scene.view(job_id)])
    monkeypatch.setattr(stuck, "workers_alive", lambda: {seen[0].worker})

    assert stuck.reset(seen, by=ADA, reason="", force=False) == []
    assert stuck.reset(seen, by=ADA, reason="", force=True) == [job_id]
