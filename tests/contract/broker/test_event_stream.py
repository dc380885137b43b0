"""The stream of events: each once, in order, until it is recorded for good."""

from __future__ import annotations

from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene


def test_a_job_is_told_with_all_that_it_was_accepted_with(scene: Scene) -> None:
    scene.accept(new_job("a", options={"tenant": "acme"}, max_attempts=4))

    [event] = scene.events("a")

    assert (event.kind, event.state, event.queue) == ("enqueued", "queued", "normal")
    assert (event.job_type, event.max_attempts) == ("greet", 4)
    assert (event.data, event.options) == ('{"name":"Ada"}', '{"tenant":"acme"}')


def test_what_was_read_does_not_come_again_and_order_is_kept(scene: Scene) -> None:
    for number in range(5):
        scene.accept(new_job(f"j{number}"))
    source = scene.broker.events

    first, rest = source.read(2, 0.001), source.read(100, 0.001)

    assert [event.job_id for event in [*first.events, *rest.events]] == [f"j{n}" for n in range(5)]
    assert source.read(100, 0.001).size == 0


def test_the_lag_counts_what_is_not_acknowledged(scene: Scene) -> None:
    scene.accept(new_job())
    scene.accept(new_job())
    source = scene.broker.events
    batch = source.read(1, 0.001)
    assert source.lag().events == 2

    source.acknowledge(batch)

    assert source.lag().events == 1
    source.acknowledge(source.read(10, 0.001))
    assert source.lag() == (0, 0.0)
