"""The hot path of a worker process, in memory: outcomes in and jobs out."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.queue_name import lane_of
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import ClaimPlan, PickedOut, WantedTypes
from backend.memory.endings import end_attempt, withdraw
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState
from backend.memory.waiting import breakers, freezes, gates

#: Of a queue, so many are looked at when some are picked out.
_PLACES = 100


class MemoryDispatch:
    """The `Dispatch` of one worker, in memory."""

    def __init__(self, state: BrokerState, *, worker: str, lease: float) -> None:
        self._state = state
        self._worker = worker
        self._lease_ms = int(lease * 1000)

    def settle_and_claim(
        self, ended: Sequence[tuple[ClaimedJob, Outcome]], plan: Sequence[ClaimPlan], most: int
    ) -> tuple[list[SettleCode], list[ClaimedJob]]:
        """Settles ``ended``, then claims up to ``most``."""
        with self._state.lock:
            codes = [self._settle(job, outcome) for job, outcome in ended]
            claimed = self._claim(plan, most)
            if len(claimed) < most and gates.chime(self._state):
                claimed += self._claim(plan, most - len(claimed))
            return codes, claimed

    def pick_out(
        self, wanted: WantedTypes, plan: Sequence[ClaimPlan], most: int, start: int = 0
    ) -> PickedOut:
        """First what each queue is guaranteed, then in order; what is not wanted stays where it is."""
        claimed: list[ClaimedJob] = []
        is_deeper = False
        with self._state.lock:
            guaranteed = [entry for entry in plan if entry.guaranteed]
            for entry in (*guaranteed, *(ClaimPlan(entry.queue, most) for entry in plan)):
                ids = self._state.queues.get(entry.queue, [])[start : start + _PLACES]
                if self._is_open(entry.queue) and freezes.is_thawed(self._state, entry.queue):
                    first = self._state.lines.first(entry.queue)[start : start + _PLACES]
                    is_deeper |= _PLACES in {len(ids), len(first)}
                    room = min(entry.guaranteed, most - len(claimed))
                    found = self._pick(ids, entry.queue, room, wanted)
                    found += self._pick_of_lines(first, room - len(found), wanted)
                    claimed += found
        return PickedOut(claimed, is_deeper)

    def _pick_of_lines(
        self, ids: Sequence[str], most: int, wanted: WantedTypes
    ) -> list[ClaimedJob]:
        """Of a fair queue those who are the first of their lines: who stands behind another stays."""
        claimed: list[ClaimedJob] = []
        for job in (self._state.jobs[job_id] for job_id in ids):
            is_of_these = job.asked.job_type in wanted.job_types and not job.is_suspect
            if len(claimed) < most and is_of_these != wanted.others:
                self._state.lines.take_before_turn(job)
                if self._may_start(job):
                    claimed.append(self._start(job))
        return claimed

    def _pick(
        self, ids: Sequence[str], queue: str, most: int, wanted: WantedTypes
    ) -> list[ClaimedJob]:
        claimed: list[ClaimedJob] = []
        for job in (self._state.jobs[job_id] for job_id in ids):
            is_of_these = job.asked.job_type in wanted.job_types and not job.is_suspect
            if len(claimed) < most and is_of_these != wanted.others:
                self._state.queues[queue].remove(job.id)
                if self._may_start(job):
                    claimed.append(self._start(job))
        return claimed

    def _settle(self, held: ClaimedJob, outcome: Outcome) -> SettleCode:
        job = self._state.find(held.id)
        said = (held.fence, outcome.kind.value)
        if job is None or (job.fence != held.fence and job.settled != said):
            return SettleCode.LOST
        if job.fence != held.fence or job.state is not JobState.STARTED:
            return SettleCode.SETTLED_BEFORE
        job.settled = said
        end_attempt(self._state, job, breakers.judged(self._state, job, outcome))
        return SettleCode.SETTLED

    def _claim(self, plan: Sequence[ClaimPlan], most: int) -> list[ClaimedJob]:
        """First what each queue is guaranteed, then strictly in order.

        What a queue leaves of its guarantee goes to the next one that has its priority.
        """
        claimed: list[ClaimedJob] = []
        left, left_by = 0, ""
        for entry in plan:
            room = entry.guaranteed + (left if _priority_of(entry.queue) == left_by else 0)
            left = min(room, most - len(claimed))
            if self._is_open(entry.queue):
                found = self._take(entry.queue, left)
                claimed, left = claimed + found, left - len(found)
            left_by = _priority_of(entry.queue) if left > 0 else ""
        return claimed + self._claim_in_order(plan, most - len(claimed))

    def _claim_in_order(self, plan: Sequence[ClaimPlan], most: int) -> list[ClaimedJob]:
        claimed: list[ClaimedJob] = []
        # A job put aside may let another through into a queue that was empty before.
        while len(claimed) < most and (queue := self._first_with_jobs(plan)):
            claimed += self._take(queue, most - len(claimed))
        return claimed

    def _first_with_jobs(self, plan: Sequence[ClaimPlan]) -> str:
        queues = (entry.queue for entry in plan)
        return next((q for q in queues if self._has_jobs(q) and self._is_open(q)), "")

    def _has_jobs(self, queue: str) -> bool:
        return bool(self._state.queues.get(queue)) or self._state.lines.has_jobs(queue)

    def _is_open(self, queue: str) -> bool:
        is_paused = {f"queue:{queue}", f"lane:{lane_of(queue)}"} & self._state.paused.keys()
        return not is_paused and freezes.room_in_queue(self._state, queue) > 0

    def _take(self, queue: str, most: int) -> list[ClaimedJob]:
        most = min(most, freezes.room_in_queue(self._state, queue))
        claimed = self._take_open(queue, most)
        freezes.count_starts(self._state, queue, len(claimed))
        return claimed

    def _take_open(self, queue: str, most: int) -> list[ClaimedJob]:
        claimed: list[ClaimedJob] = []
        while len(claimed) < most and (job := self._next(queue)):
            if self._may_start(job):
                claimed.append(self._start(job))
        return claimed

    def _next(self, queue: str) -> KeptJob | None:
        """Out of its list, or by turns out of the lines of a fair queue."""
        state = self._state
        if waiting := state.queues.get(queue, []):
            return state.jobs[waiting.pop(0)]
        job_id = state.lines.next_in_turn(queue)
        if job_id is None:
            return None
        state.lines.leave(state.jobs[job_id])
        return state.jobs[job_id]

    def _may_start(self, job: KeptJob) -> bool:
        state = self._state
        if job.has_expired(state.now_ms):
            withdraw(state, job, by="tally", reason="expired", how="expired")
            return False
        gate = gates.shut_gate(state, job)
        if gate:
            gates.park(state, job, gate)
        return not gate

    def _start(self, job: KeptJob) -> ClaimedJob:
        state = self._state
        number, now = job.attempt + 1, state.now_ms
        fence = state.event(EventKind.STARTED, job, attempt=number, worker=self._worker)
        job.begin(now, self._worker, fence, now + self._lease_ms)
        self._state.move(job, JobState.STARTED)
        gates.enter(state, job)
        return job.claimed()


def _priority_of(queue: str) -> str:
    return queue.partition(":")[0]
