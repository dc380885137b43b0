"""Workers that take jobs of one type, or of all others, out from behind the rest."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from backend.domain.jobs.job import ClaimedJob
from backend.domain.ports import ClaimPlan, WantedTypes
from tests.contract.broker.scene import Scene

QUEUES = ("high", "normal", "low:email")


class PickingOut:
    """The rule of a machine that knows a scene and notes what was claimed."""

    scene: Scene

    @rule(
        most=st.integers(1, 6),
        kind=st.sampled_from(("greet", "other")),
        others=st.booleans(),
        share=st.integers(0, 2),
    )
    def pick_out(self, most: int, kind: str, others: bool, share: int) -> None:
        """Somebody has room for some types only."""
        plan = [ClaimPlan(queue, share) for queue in QUEUES]
        worker = self.scene.worker(lease_seconds=53.0)
        claimed = worker.pick_out(WantedTypes([kind], others), plan, most).jobs
        for held in claimed:
            assert (held.job_type == kind and not held.suspect) != others
        self.claimed(claimed, most)

    def claimed(self, claimed: list[ClaimedJob], most: int) -> None:
        """Notes that these are started."""
        raise NotImplementedError
