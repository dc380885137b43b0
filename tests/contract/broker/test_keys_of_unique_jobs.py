"""An idempotency key that was answered with another job, because that one is the same by its scope."""

from __future__ import annotations

import pytest

from backend.domain.jobs.options.unique import UniqueScope
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene


@pytest.mark.parametrize(
    ("until", "ends_first"), [("ended", False), ("3600", False), ("3600", True)]
)
def test_it_stands_for_that_one_for_all_of_its_window_whenever_the_job_ends(
    scene: Scene, until: str, ends_first: bool
) -> None:
    scope = UniqueScope("greet:7", until)
    held = scene.started(scope=scope, result_ttl=60)
    keyed = {"unique_key": "call-2", "unique_window": 86_400.0, "digest": "2"}
    if ends_first:
        scene.settle(held, "finished")
    assert scene.ask(new_job(scope=scope, **keyed)) == [(held.id, False)]
    if not ends_first:
        scene.settle(held, "finished")

    scene.broker.pass_time(86_000)

    assert scene.ask(new_job(scope=scope, **keyed)) == [(held.id, False)]
