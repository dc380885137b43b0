"""Fair queues as people set and see them, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.jobs.options.fairness import Fairness, FairPlace, FairShare
from backend.memory.state import BrokerState
from backend.memory.waiting.fair_lines import FAIR, line_of


class MemoryFairQueues:
    """The `FairQueues` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def rules(self) -> dict[str, Fairness]:
        """How each fair queue is fair."""
        with self._state.lock:
            return dict(self._state.lines.rules)

    def set_rule(
        self,
        queue: str,
        fairness: Fairness | None,
        *,
        by: str,  # noqa: ARG002 - nobody reads who said it
        reason: str,  # noqa: ARG002
    ) -> None:
        """Moves who waits there into lines, or out of them."""
        with self._state.lock:
            if fairness is None:
                self._state.lines.rules.pop(queue, None)
                self._to_list(queue)
            else:
                self._state.lines.rules[queue] = fairness
                self._to_lines(queue)

    def _to_lines(self, queue: str) -> None:
        waiting = self._state.queues.pop(queue, [])
        for job_id in reversed(waiting):
            self._state.lines.line_up(self._state.jobs[job_id], front=True)

    def _to_list(self, queue: str) -> None:
        while job_id := self._state.lines.next_in_turn(queue):
            job = self._state.jobs[job_id]
            self._state.lines.leave(job)
            self._state.to_queue(job)

    def place(self, job_id: str) -> FairPlace | None:
        """Where a job stands in the lines of its queue; None when it stands in none."""
        with self._state.lock:
            job = self._state.find(job_id)
            if job is None or not job.parked.startswith(FAIR):
                return None
            key = job.parked.partition("\x1f")[2]
            keys = self._state.lines.keys_of(job.queue)
            before = self._state.parked[job.parked].index(job_id)
            return FairPlace(key, before, keys.index(key), len(keys))

    def shares(self, queue: str, most: int) -> Sequence[FairShare]:
        """The lines of a queue that have a turn next, in the order of turns."""
        with self._state.lock:
            lines = self._state.lines
            weights = lines.rules.get(queue, Fairness()).weights
            waiting = [
                FairShare(key, len(self._state.parked[line_of(queue, key)]), weights.get(key, 1))
                for key in lines.keys_of(queue)[:most]
            ]
            return [share for share in waiting if share.waiting]
