"""Queues that are fair, in any history by the ports: who stands in whose line, and where."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from backend.domain.jobs.options.fairness import Fairness, FairPlace
from tests.contract.broker.scene import Scene
from tests.property.held_back import TENANT
from tests.property.model import ModelJob
from tests.property.picking_out import QUEUES

#: One of them may have a quota.
TENANTS = ("", "a", TENANT)
#: Not fair, and fair by two options, of which one has weights.
RULES = (None, Fairness("tenant"), Fairness("limit_key", {"k1": 2}))


class TakingTurns:
    """The part of a machine that makes queues fair, and fair no more."""

    scene: Scene
    jobs: dict[str, ModelJob]

    @rule(queue=st.sampled_from(QUEUES), fairness=st.sampled_from(RULES))
    def make_fair(self, queue: str, fairness: Fairness | None) -> None:
        self.scene.broker.fair_queues.set_rule(queue, fairness, by="ada", reason="")
        rules = self.scene.broker.fair_queues.rules()
        assert rules.get(queue) == fairness

    @invariant()
    def who_stands_in_a_line_stands_in_one_of_its_queue_and_key(self) -> None:
        fair = self.scene.broker.fair_queues
        rules, lines = fair.rules(), defaultdict[tuple[str, str], list[FairPlace]](list)
        for queue in QUEUES:
            for job_id in self._lined(queue):
                place, job = fair.place(job_id), self.jobs[job_id]
                assert place is not None
                assert job.queue == queue
                # Who makes a queue fair by something else leaves those in line where they are.
                lines[queue, place.key].append(place)
            assert not self._lined(queue) or queue in rules
        for (queue, _), places in lines.items():
            assert [place.before for place in places] == [*range(len(places))]
            assert len({place.lines_before for place in places}) == 1
            assert places[0].lines >= len([key for other, key in lines if other == queue])

    @invariant()
    def the_shares_of_a_queue_are_its_lines(self) -> None:
        fair = self.scene.broker.fair_queues
        for queue in QUEUES:
            shares = fair.shares(queue, 100)
            assert sum(share.waiting for share in shares) == len(self._lined(queue))
            assert len({share.key for share in shares}) == len(shares)

    def _lined(self, queue: str) -> list[str]:
        """Who stands in the lines of a queue."""
        return self.scene.look.parked(f"fair:{queue}", 0, 100)
