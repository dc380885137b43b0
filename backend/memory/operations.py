"""What people do to jobs and queues, in memory."""

from __future__ import annotations

from collections.abc import Sequence

from backend.domain.jobs.job import NewJob
from backend.domain.jobs.job_event import EventKind
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.domain.jobs.step_codes import (
    CancelCode,
    DiscardCode,
    MoveCode,
    RedriveCode,
    RunNowCode,
)
from backend.memory.endings import keep, tell_end, withdraw
from backend.memory.kept_job import WAITING, KeptJob
from backend.memory.state import BrokerState, PauseNote
from backend.memory.waiting import anew, gates, scopes
from backend.memory.waiting.fair_lines import FAIR


class MemoryOperations:
    """The `Operations` in memory. ``by`` and ``reason`` go into the job's history."""

    def __init__(self, state: BrokerState) -> None:
        self._state = state

    def cancel(
        self, job_ids: Sequence[str], *, by: str, reason: str, force: bool
    ) -> list[CancelCode]:
        """Withdraws jobs; a running one is asked to stop, or stopped by ``force``."""
        with self._state.lock:
            return [self._cancel(self._state.find(i), by, reason, force) for i in job_ids]

    def _cancel(self, job: KeptJob | None, by: str, reason: str, force: bool) -> CancelCode:
        if job is None:
            return CancelCode.UNKNOWN
        if job.state in WAITING:
            withdraw(self._state, job, by=by, reason=reason)
            return CancelCode.CANCELED
        if job.state is not JobState.STARTED:
            return CancelCode.ENDED
        job.cancel = "force" if force or job.cancel == "force" else "ask"
        self._state.event(EventKind.CANCEL_ASKED, job, body=reason, worker=by)
        return CancelCode.ASKED

    def redrive(
        self, job_ids: Sequence[str], *, by: str, reason: str, anyway: bool = False
    ) -> list[RedriveCode]:
        """Sends dead jobs home with all their attempts."""
        with self._state.lock:
            return [self._redrive(job_id, "", by, reason, anyway=anyway) for job_id in job_ids]

    def redrive_changed(
        self,
        job_id: str,
        job_type: str,  # noqa: ARG002 - Redis keeps it beside the payload
        payload: str,
        *,
        asked: NewJob | None = None,
        by: str,
        reason: str,
        anyway: bool = False,
    ) -> RedriveCode:
        """Redrives one job with a new payload (JSON); what follows from that is taken from ``asked``."""
        with self._state.lock:
            return self._redrive(job_id, payload, by, reason, anyway=anyway, asked=asked)

    def _redrive(
        self,
        job_id: str,
        payload: str,
        by: str,
        reason: str,
        *,
        anyway: bool,
        asked: NewJob | None = None,
    ) -> RedriveCode:
        dead = self._state.find(job_id) if job_id in self._state.dead else None
        if dead is not None and not anyway and self._is_kept_out(dead, asked):
            return RedriveCode.KEPT_OUT
        job = self._exhume(job_id)
        if job is None:
            return RedriveCode.NOT_DEAD
        if asked is not None:
            scopes.change(self._state, job, asked.scope)
            anew.follow_payload(self._state, job, asked, with_scope=True)
        scopes.come_back(self._state, job)
        job.failures, job.is_suspect, job.suspicions, job.cancel = 0, False, 0, ""
        job.fence, job.ended_ms, job.expires_ms, job.error = "", 0, None, None
        if payload:
            # What attempts with another payload left says nothing about this one.
            job.payload, job.checkpoint = payload, ""
        self._state.requeue(job)
        options = job.options if asked is not None else ""
        said = {"body": reason, "worker": by, "data": payload, "options": options}
        self._state.event(EventKind.REDRIVEN, job, **said)
        return RedriveCode.QUEUED

    def _is_kept_out(self, dead: KeptJob, asked: NewJob | None) -> bool:
        scope = dead.asked.scope if asked is None else asked.scope
        return scopes.is_kept_out(self._state, dead, scope)

    def discard(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[DiscardCode]:
        """Takes dead jobs out of the dead-letter queue for good."""
        with self._state.lock:
            return [self._discard(job_id, by, reason) for job_id in job_ids]

    def _discard(self, job_id: str, by: str, reason: str) -> DiscardCode:
        job = self._exhume(job_id, is_failed=True)
        if job is None:
            return DiscardCode.NOT_DEAD
        tell_end(self._state, job, "discarded")
        self._state.forget(job)
        self._state.event(EventKind.DISCARDED, job, body=reason, worker=by)
        return DiscardCode.DONE

    def resolve(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[DiscardCode]:
        """Takes dead jobs out of the dead-letter queue as finished."""
        with self._state.lock:
            return [self._resolve(job_id, by, reason) for job_id in job_ids]

    def _resolve(self, job_id: str, by: str, reason: str) -> DiscardCode:
        job = self._exhume(job_id)
        if job is None:
            return DiscardCode.NOT_DEAD
        self._state.move(job, JobState.FINISHED)
        self._state.counts[job.queue]["finished"] += 1
        keep(self._state, job, with_key=True)
        self._state.event(EventKind.RESOLVED, job, body=reason, worker=by)
        tell_end(self._state, job, "resolved")
        return DiscardCode.DONE

    def _exhume(self, job_id: str, *, is_failed: bool = False) -> KeptJob | None:
        """The job, out of the dead-letter queue; ``is_failed``: for good, so that it stays counted."""
        if self._state.dead.pop(job_id, None) is None:
            return None
        job = self._state.jobs[job_id]
        self._state.counts[job.queue]["failed"] -= not is_failed
        return job

    def reprioritise(
        self, moves: Sequence[tuple[str, str]], *, by: str, reason: str, front: bool
    ) -> list[MoveCode]:
        """Moves each (job id, queue)."""
        with self._state.lock:
            return [self._reprioritise(i, queue, by, reason, front) for i, queue in moves]

    def _reprioritise(
        self, job_id: str, target: str, by: str, reason: str, front: bool
    ) -> MoveCode:
        job = self._state.find(job_id)
        if job is None or job.state not in WAITING:
            return MoveCode.NOT_WAITING
        if job.queue == target:
            return MoveCode.THERE_BEFORE
        self._move(job, target, front)
        self._state.event(EventKind.REPRIORITISED, job, body=reason, worker=by)
        return MoveCode.MOVED

    def _move(self, job: KeptJob, target: str, front: bool) -> None:
        state, source = self._state, job.queue
        is_lined = job.parked.startswith(FAIR)
        if is_lined:
            gates.unpark(state, job)
        in_line = job.state is JobState.QUEUED and not job.parked
        for what in ("accepted", *(["parked"] if job.parked else [])):
            state.counts[source][what] -= 1
            state.counts[target][what] += 1
        job.queue = target
        if job.parked:
            gates.change_line(state, job, front=front)
        if in_line:
            if not is_lined:
                state.queues[source].remove(job.id)
            state.to_queue(job, front=front)

    def run_now(self, job_ids: Sequence[str], *, by: str, reason: str) -> list[RunNowCode]:
        """Queues scheduled jobs before they are due."""
        with self._state.lock:
            return [self._run_now(self._state.find(i), by, reason) for i in job_ids]

    def _run_now(self, job: KeptJob | None, by: str, reason: str) -> RunNowCode:
        if job is None or job.state is not JobState.SCHEDULED:
            return RunNowCode.NOT_SCHEDULED
        self._state.requeue(job)
        self._state.event(EventKind.PROMOTED, job, body=reason, worker=by)
        return RunNowCode.QUEUED

    def pause(self, what: str, *, by: str = "", reason: str = "") -> bool:
        """Pauses ``queue:<name>``, ``lane:<name>`` or ``type:<name>``; False if it was already."""
        with self._state.lock:
            if what in self._state.paused:
                return False
            self._state.paused[what] = PauseNote(by, reason, self._state.now_ms)
            return True

    def resume(
        self,
        what: str,
        lanes: Sequence[str],  # noqa: ARG002 - all who wait are told
        *,
        by: str = "",  # noqa: ARG002 - nobody reads who lifted it
        reason: str = "",  # noqa: ARG002
    ) -> bool:
        """Resumes it; False if it was not paused."""
        with self._state.lock:
            resumed = self._state.paused.pop(what, None) is not None
            kind, _, name = what.partition(":")
            gate = f"paused:{name}"
            if kind == "type":
                gates.let_through(self._state, gate, len(self._state.parked[gate]))
            self._state.changed.notify_all()
            return resumed

    def limit(
        self,
        job_type: str,
        most: int,
        *,
        by: str = "",
        reason: str = "",  # noqa: ARG002 - nobody reads it
    ) -> None:
        """How many jobs of a type may run at once; 0: no limit. Those that run already count."""
        with self._state.lock:
            self._state.limited_by[job_type] = by
            gate = f"type:{job_type}"
            if most == 0:
                self._state.limits.pop(job_type, None)
            else:
                self._state.limits[job_type] = most
                self._count_running(job_type, gate)
            gates.let_through(self._state, gate, max(0, gates.room_at(self._state, gate)))

    def limit_key(
        self,
        key: str,
        most: int | None,
        *,
        by: str = "",  # noqa: ARG002 - nobody reads who said it
        reason: str = "",  # noqa: ARG002
    ) -> None:
        """How many jobs of a key may run at once; 0: as many as can; None: as they say themselves."""
        with self._state.lock:
            if most is None:
                self._state.key_limits.pop(key, None)
            else:
                self._state.key_limits[key] = most
            if self._state.parked[f"key:{key}"]:
                room = gates.room_at(self._state, f"key:{key}")
                gates.let_through(self._state, f"key:{key}", max(0, room))

    def rate(
        self,
        job_type: str,
        rate: Rate | None,
        *,
        by: str = "",
        reason: str = "",  # noqa: ARG002 - nobody reads it
    ) -> None:
        """How many jobs of a type may start in a time; None: no rate."""
        with self._state.lock:
            self._state.rated_by[job_type] = by
            if rate is None:
                self._state.rates.pop(job_type, None)
            else:
                self._state.rates[job_type] = rate
            gates.chime(self._state)

    def rate_key(
        self,
        key: str,
        rate: Rate | RateWord,
        *,
        by: str = "",  # noqa: ARG002 - nobody reads who said it
        reason: str = "",  # noqa: ARG002
    ) -> None:
        """How many jobs of a key may start in a time: a rate, none, or as they say themselves."""
        with self._state.lock:
            if rate is RateWord.DECLARED:
                self._state.key_rates.pop(key, None)
            else:
                self._state.key_rates[key] = rate if isinstance(rate, Rate) else None
            gates.chime(self._state)

    def _count_running(self, job_type: str, gate: str) -> None:
        for job in self._state.of_state(JobState.STARTED):
            if job.asked.job_type == job_type and gate not in job.gates:
                job.gates.append(gate)
                self._state.holders[gate].add(job.id)

    def purge(self, queue: str, *, by: str, reason: str) -> int:
        """Cancels everything that waits in a queue; how many jobs that were."""
        with self._state.lock:
            # Who is let through a gate meanwhile is withdrawn too, for it was in the queue before.
            waiting = [job for job in self._state.of_state(JobState.QUEUED) if job.queue == queue]
            for job in waiting:
                withdraw(self._state, job, by=by, reason=reason)
            return len(waiting)
