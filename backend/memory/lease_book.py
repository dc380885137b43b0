"""Leases in memory: lengthening one's own, and ending those of workers that are gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from backend.domain.jobs.attempts.outcome import OutcomeKind
from backend.domain.jobs.hooks.attempt_end import AttemptEnd, attempt_end
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.step_codes import ExtendCode
from backend.domain.ports import Lease, Rescued
from backend.memory.endings import end_attempt
from backend.memory.kept_job import KeptJob
from backend.memory.state import BrokerState

_CODES = {
    "": ExtendCode.EXTENDED,
    "ask": ExtendCode.ASKED_TO_CANCEL,
    "force": ExtendCode.ASKED_TO_STOP,
}


class MemoryLeaseBook:
    """The `LeaseBook` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def extend(self, held: Sequence[tuple[str, str]], lease: float) -> list[ExtendCode]:
        """Lengthens leases (id, fence) to ``lease`` seconds from now."""
        with self._state.lock:
            return [self._extend(job_id, fence, lease) for job_id, fence in held]

    def _extend(self, job_id: str, fence: str, lease: float) -> ExtendCode:
        job = holder(self._state, job_id, fence)
        if job is None:
            return ExtendCode.LOST
        job.lease_ms = self._state.now_ms + int(lease * 1000)
        job.is_extended = True
        return _CODES[job.cancel]

    def expired(self, most: int) -> list[Lease]:
        """Leases that have ended, the oldest first."""
        with self._state.lock:
            now = self._state.now_ms
            ended = [job for job in self._state.of_state(JobState.STARTED) if job.lease_ms <= now]
            return [_lease(job) for job in sorted(ended, key=lambda job: job.lease_ms)[:most]]

    def of_worker(self, worker: str) -> list[Lease]:
        """Every lease of one worker."""
        return self.of_workers([worker])

    def of_workers(self, workers: Collection[str]) -> list[Lease]:
        """Every lease of some."""
        with self._state.lock:
            running = self._state.of_state(JobState.STARTED)
            return [_lease(job) for job in running if job.worker in workers]

    def told_to_stop(self, workers: Collection[str]) -> set[str]:  # noqa: ARG002 - they end with it
        """Nobody."""
        return set()

    def rescue(self, rescued: Sequence[Rescued], *, only_expired: bool) -> list[bool]:
        """Ends the attempts whose leases are still as seen."""
        with self._state.lock:
            return [self._rescue(one, only_expired) for one in rescued]

    def _rescue(self, rescued: Rescued, only_expired: bool) -> bool:
        lease = rescued.lease
        job = holder(self._state, lease.job_id, lease.fence)
        if job is None or (only_expired and not self._is_as_seen(job, lease)):
            return False
        held = job.claimed()
        kind = end_attempt(self._state, job, rescued.outcome)
        if kind is not OutcomeKind.RETURNED:
            told = attempt_end(held, rescued.outcome._replace(kind=kind))
            self._state.untold.append(replace(told, wait_seconds=0.0))
        # It was not its holder that ended it: a late outcome of that one must be refused, not found done.
        job.fence = ""
        return True

    def _is_as_seen(self, job: KeptJob, lease: Lease) -> bool:
        return str(job.lease_ms) == lease.expires and job.lease_ms <= self._state.now_ms


class MemoryUntoldEnds:
    """The `UntoldEnds` in memory."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def take(self, most: int) -> list[AttemptEnd]:
        """Takes up to so many, the oldest first."""
        with self._state.lock:
            taken, self._state.untold = self._state.untold[:most], self._state.untold[most:]
            return taken


def holder(state: BrokerState, job_id: str, fence: str) -> KeptJob | None:
    """The job, if whoever has this fence still holds it."""
    job = state.find(job_id)
    return job if job and job.state is JobState.STARTED and job.fence == fence else None


def _lease(job: KeptJob) -> Lease:
    most = job.asked.max_attempts
    unextended = None if job.is_extended else (job.lease_ms - job.started_ms) / 1000
    held = (job.id, job.fence, str(job.lease_ms), job.worker)
    return Lease(*held, job.failures, most, unextended, job.suspicions)
