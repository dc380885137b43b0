"""Jobs that wait for their time, in memory."""

from __future__ import annotations

from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.ports import Promotion
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import breakers, freezes, gates, rates


class MemoryTimetable:
    """The `Timetable` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def promote(self, most: int, fence: int) -> Promotion:
        """Moves up to ``most`` due jobs to the back of their queues, the longest due first."""
        with self._state.lock:
            seen = self._state.fences_seen["scheduler"]
            if 0 < fence < seen:
                return Promotion(-1, None, 0.0)
            self._state.fences_seen["scheduler"] = max(seen, fence)
            now, late = self._state.now_ms, 0
            due = [job for job in self._waiting() if job.due_ms <= now][:most]
            for job in due:
                late = max(late, now - job.due_ms)
                self._state.requeue(job)
                self._state.event(EventKind.PROMOTED, job)
            gates.chime(self._state)
            first = self._first_due()
            next_due = None if first == float("inf") else max(0.0, first - now) / 1000
            return Promotion(len(due), next_due, late / 1000)

    def wait_for_change(self, timeout: float) -> None:
        """Blocks until an earlier job arrives, at most ``timeout`` seconds of the machine's clock."""
        with self._state.lock:
            first = self._first_due()
            self._state.changed.wait_for(lambda: self._first_due() < first, timeout)

    def leave_changes(self) -> None:
        """All who wait here hear of an earlier job, so nobody hears of it in vain."""

    def _first_due(self) -> float:
        due = min((job.due_ms for job in self._waiting()), default=float("inf"))
        opens = (
            rates.next_opening_ms(self._state),
            breakers.next_opening_ms(self._state),
            freezes.next_look_ms(self._state),
        )
        return min((due, *(each for each in opens if each is not None)))

    def _waiting(self) -> list[KeptJob]:
        found = self._state.of_state(JobState.SCHEDULED)
        return sorted(found, key=lambda job: job.due_ms)
