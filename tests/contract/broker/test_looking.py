"""The live truth as people and programs read it."""

from __future__ import annotations

from backend.domain.jobs.job_filter import JobFilter
from backend.domain.jobs.job_state import JobState
from backend.services.finding.live_listing import LiveListing
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene


def test_every_queue_that_ever_held_a_job_is_named(scene: Scene) -> None:
    scene.finished(queue="high", result_ttl=0)
    scene.scheduled(queue="low:email")
    scene.dead()

    assert scene.look.queue_names() == ["high", "low:email", "normal"]


def test_the_books_of_a_queue_tell_where_its_jobs_are(scene: Scene) -> None:
    for state in ("finished", "failed", "canceled", "scheduled", "started", "queued"):
        scene.in_state(state)

    books = scene.books()

    assert (books.accepted, books.difference) == (6, 0)
    assert {state for state, n in books.counts.items() if n == 1} == set(JobState) - {"deferred"}


def test_a_queue_says_since_when_its_oldest_job_waits_also_one_that_stepped_aside(
    scene: Scene,
) -> None:
    _, parked = scene.parked_by_limit()
    since = scene.view(parked).enqueued_at
    scene.waiting(job_type="other")

    assert scene.books().oldest_enqueued_at == since
    assert scene.books("low").oldest_enqueued_at is None


def test_a_page_of_a_queue_is_read_from_its_front(scene: Scene) -> None:
    ids = scene.accept(*(new_job() for _ in range(5)))

    assert scene.look.waiting("normal", 1, 2) == ids[1:3]
    assert scene.look.position(ids[3], "normal") == 3
    assert scene.look.position("nobody", "normal") is None


def test_what_runs_is_named_by_queue(scene: Scene) -> None:
    held = scene.started()

    assert (scene.look.started("normal"), scene.look.started("high")) == ([held.id], [])


def test_many_jobs_are_read_at_once_those_that_are_known_in_the_order_given(scene: Scene) -> None:
    done, waits = scene.finished(), scene.scheduled()

    found = scene.look.jobs([waits, "nobody", done])

    assert [(job.id, job.result) for job in found] == [(waits, None), (done, None)]
    assert found[0].run_at == scene.view(waits).run_at


def test_live_jobs_are_found_by_state_type_tag_and_tenant_wherever_they_wait(scene: Scene) -> None:
    scene.do.limit("greet", 1)
    options = {"tags": ["vip"], "tenant": "acme"}
    held = scene.started(options=options)
    parked, other = scene.waiting(options=options), scene.waiting(job_type="other")
    scene.claim()
    scheduled, dead = scene.scheduled(options=options), scene.dead(job_type="third")
    listing = LiveListing(scene.look)

    def found(**wanted: object) -> set[str]:
        return {job.id for job in listing.matching(JobFilter(**wanted))}  # type: ignore[arg-type]

    assert found(tag="vip") == {held.id, parked, scheduled}
    assert found(tenant="acme", states=frozenset({JobState.QUEUED})) == {parked}
    assert found(job_type="other") == {other}
    assert found(states=frozenset({JobState.FAILED})) == {dead}


def test_limits_are_listed_by_job_type(scene: Scene) -> None:
    scene.do.limit("greet", 2)
    scene.do.limit("other", 3)
    scene.do.limit("greet", 0)

    assert scene.look.limits() == {"other": 3}
