"""In which order a worker looks at its queues: strictly by priority, with a guaranteed share below."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from backend.domain.jobs.queue_name import Priority, QueueName
from backend.domain.ports import ClaimPlan


class ClaimOrder:
    """Plans claims for all slots of a process.

    Each claim earns every priority below the first a credit of its weight's share. A whole credit
    guarantees one job in this claim, even while more urgent ones wait; what is not used does not
    pile up, so an empty low queue never turns into a burst. Lanes of one priority take turns, and
    have turns of their own for what is guaranteed: one turn for both would fall in step with the
    credits, and give one lane the whole share.
    """

    def __init__(self, lanes: Sequence[str], weights: Mapping[str, int]) -> None:
        total = sum(weights.values()) or 1
        self._shares = {priority: weights.get(priority, 0) / total for priority in Priority}
        self._credits = dict.fromkeys(Priority, 0.0)
        self._lanes = list(lanes)
        self._turn = 0
        self._granted = 0
        self._lock = threading.Lock()

    def plan(self, most: int) -> list[ClaimPlan]:
        """The order for one claim of up to ``most`` jobs."""
        with self._lock:
            self._turn += 1
            return [entry for priority in Priority for entry in self._queues(priority, most)]

    def _queues(self, priority: Priority, most: int) -> list[ClaimPlan]:
        guaranteed = self._guaranteed(priority, most)
        if guaranteed:
            self._granted += 1
        first = (self._granted if guaranteed else self._turn) % len(self._lanes)
        lanes = self._lanes[first:] + self._lanes[:first]
        return [
            ClaimPlan(str(QueueName(priority, lane)), guaranteed if at == 0 else 0)
            for at, lane in enumerate(lanes)
        ]

    def _guaranteed(self, priority: Priority, most: int) -> int:
        if priority is Priority.HIGH:
            return 0
        credit = min(self._credits[priority] + self._shares[priority] * most, float(most) + 1)
        whole = min(int(credit), most)
        self._credits[priority] = min(credit - whole, 1.0)
        return whole
