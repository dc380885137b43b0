"""What a running attempt leaves behind, in memory: how far it is, and what later attempts must know."""

from __future__ import annotations

from backend.domain.jobs.step_codes import ExtendCode
from backend.memory.lease_book import holder
from backend.memory.state import BrokerState


class MemoryProgressNotes:
    """Where progress is written, while the lease holds."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def note(self, job_id: str, fence: str, progress: str) -> ExtendCode:
        """Notes JSON, while the lease holds."""
        with self._state.lock:
            job = holder(self._state, job_id, fence)
            if job is None:
                return ExtendCode.LOST
            job.progress = progress
            return ExtendCode.ASKED_TO_CANCEL if job.cancel else ExtendCode.EXTENDED


class MemoryCheckpoints:
    """Where checkpoints are kept."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def load(self, job_id: str) -> str:
        """The JSON that an attempt left; empty for nothing."""
        with self._state.lock:
            job = self._state.find(job_id)
            return job.checkpoint if job else ""

    def save(self, job_id: str, fence: str, checkpoint: str) -> bool:
        """Keeps JSON; False when the lease is lost."""
        with self._state.lock:
            job = holder(self._state, job_id, fence)
            if job is not None:
                job.checkpoint = checkpoint
            return job is not None
