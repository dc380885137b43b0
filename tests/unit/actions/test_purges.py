"""What a purge says that it took, while workers go on claiming."""

from __future__ import annotations

from typing import Any

import pytest

from backend.domain.access.actor import Actor
from backend.services.actions.action_log import ActionLog
from backend.services.actions.queues import QueueActions
from backend.services.jobs.bulk_service import BulkService
from tests.contract.broker.brokers import InMemory
from tests.contract.broker.scene import Scene
from tests.unit.actions.test_actions import Trail


class Control:
    """Purges the queue; a worker is faster and claims the first of it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.claimed: list[str] = []

    def purge(self, queue: str, *, by: Actor, reason: str) -> int:
        self.claimed += self._scene.claimed_ids(1, [queue])
        return self._scene.do.purge(queue, by=by.name, reason=reason)


@pytest.fixture
def scene() -> Scene:
    return Scene(InMemory())


def test_a_purge_names_those_that_it_canceled_not_those_that_were_claimed_meanwhile(
    scene: Scene,
) -> None:
    ids = [scene.waiting() for _ in range(3)]
    trail, control = Trail(), Control(scene)
    nobody: Any = None
    queues = QueueActions(
        ActionLog(trail),
        control,
        BulkService(scene.do, scene.look),
        nobody,
        nobody,  # type: ignore[arg-type]
    )

    purged = queues.purge(Actor("ada"), "normal", reason="rubbish")

    assert control.claimed == ids[:1]
    assert (purged.jobs, list(purged.job_ids)) == (2, ids[1:])
    _, _, done = trail.rows[-1]
    assert (done["affected_ids"], done["affected"]) == (ids[1:], 2)
