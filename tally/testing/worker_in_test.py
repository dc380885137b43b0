"""A worker in the thread of the test: it claims, runs and settles by the code of real ones."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from backend import __version__
from backend.api.config.settings import Settings
from backend.bootstrap.platform import Platform
from backend.domain.errors import JobSignal
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.queue_name import queues_of
from backend.domain.jobs.queue_state import WorkerState
from backend.domain.jobs.step_codes import SettleCode
from backend.domain.ports import ClaimPlan
from backend.memory.broker import MemoryBroker
from tally.testing.captured_lines import captured_lines
from workers.base_worker import BaseWorker, JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.job_contexts import context_maker
from workers.runtime.attempts.observers import tell_observers
from workers.runtime.attempts.own_loop import OwnLoop
from workers.runtime.ending import Closable, close_in_turn
from workers.runtime.process_hooks import ProcessHooks

_NAME = "worker-in-test"


@dataclass(frozen=True)
class RanJob:
    """One attempt that ran, and what came of it."""

    job_id: str
    job_type: str
    attempt: int
    #: ``finished``, ``retried``, ``snoozed``, ``failed`` or ``canceled``.
    outcome: str
    #: What the handler returned, as JSON has it.
    result: Any = None
    error: AttemptError | None = None
    #: Seconds until it may run again, of one that is retried or snoozed.
    delay: float = 0.0
    #: Each call of ``context.progress``: done, total, note.
    progress: list[tuple[float, float | None, str]] = field(default_factory=list)
    #: What the handler logged: level and text.
    log: list[tuple[str, str]] = field(default_factory=list)
    #: What ``save_checkpoint`` kept last; None for nothing.
    checkpoint: Any = None
    #: What the handler itself raised.
    raised: BaseException | None = field(default=None, repr=False)

    def keeping(self, checkpoint: str) -> RanJob:
        """The same with what it kept for later attempts, as JSON."""
        return replace(self, checkpoint=json.loads(checkpoint) if checkpoint else None)

    def raise_error(self) -> None:
        """Raises what went wrong. A signal (`RetryLater`, `PermanentFailure`, `Snooze`) is meant so."""
        if isinstance(self.raised, JobSignal):
            return
        if self.raised is not None:
            raise self.raised
        if self.error is not None and self.outcome in {"retried", "failed"}:
            raise AssertionError(
                f"job {self.job_id} ({self.job_type}) was {self.outcome}: "
                f"{self.error.error}: {self.error.message}"
            )


class WorkerInTest:
    """Serves all lanes of a platform, one job at a time."""

    def __init__(self, parts: Platform, prepare: Callable[[], object] = tuple) -> None:
        """``prepare`` does what others would have done, before each job is looked for."""
        self._parts = parts
        self._prepare = prepare
        broker, lease = parts.broker, parts.settings.worker.lease
        self._dispatch = broker.dispatch(_NAME, (), lease_seconds=lease)
        self._make_context = context_maker(_NAME, broker.progress_notes, broker.checkpoints)
        self._load_checkpoint = broker.checkpoints.load
        self._workers: dict[tuple[type[Any], int], BaseWorker] = {}
        self._hooks = ProcessHooks("worker")
        self._has_begun = False
        #: One for each depth: the loop of a handler that waits for another job is not free for that.
        self._loops: list[OwnLoop] = []
        #: The types of the jobs that run now, the innermost last: handlers may wait for other jobs.
        self.running: list[str] = []
        self._born_at = parts.clock.now()
        if isinstance(broker, MemoryBroker):
            broker.inspection.count_in(self._state)

    def _state(self) -> WorkerState:
        """As a real one is seen: who asks why a job waits is not told to start one."""
        lanes = self._parts.catalogue.lanes()
        return WorkerState(
            name=_NAME,
            lane=",".join(lanes),
            queues=tuple(map(str, queues_of(lanes))),
            host=socket.gethostname(),
            pid=os.getpid(),
            state="busy" if self.running else "idle",
            stopping=False,
            slots=1,
            busy_slots=min(1, len(self.running)),
            current_job="",
            finished=0,
            failed=0,
            rss_bytes=0,
            version=__version__,
            born_at=self._born_at,
            last_heartbeat=self._parts.clock.now(),
        )

    def run_next(self) -> RanJob | None:
        """Runs the next job that may run now; None when there is none."""
        self._prepare()
        queues = queues_of(self._parts.catalogue.lanes())
        plan = [ClaimPlan(str(queue), 0) for queue in queues]
        _, claimed = self._dispatch.settle_and_claim([], plan, 1)
        if not claimed:
            return None
        self.running.append(claimed[0].job_type)
        try:
            outcome, ran = self._run(claimed[0])
            [code], _ = self._dispatch.settle_and_claim([(claimed[0], outcome)], [], 0)
            if code != SettleCode.LOST:
                tell_observers([(claimed[0], outcome)])
        finally:
            self.running.pop()
        return ran

    def _run(self, job: ClaimedJob) -> tuple[Outcome, RanJob]:
        kind = self._parts.catalogue.get(job.job_type)
        self._begin()
        context = self._make_context(job)
        own_loop = self._loop() if kind.is_async else None
        outcome, ran = run_attempt(
            kind, self._worker(kind), job, context, self._parts.settings, own_loop=own_loop
        )
        kept = self._load_checkpoint(job.id)
        return outcome, ran.keeping(kept)

    def _begin(self) -> None:
        """Once, when middleware is in use: with the catalogue."""
        if not self._has_begun:
            self._has_begun = True
            self._hooks.open()

    def _worker(self, kind: JobType) -> BaseWorker | None:
        if kind.worker is None:
            return None
        # What was opened in a loop cannot be used in another.
        key = (kind.worker, len(self.running) if kind.worker.is_for_loops() else 0)
        if key not in self._workers:
            worker: BaseWorker = kind.worker(self._parts.settings)
            worker.open()
            try:
                if worker.is_for_loops():
                    self._loop().open(worker)
            except BaseException:
                worker.close()
                raise
            self._workers[key] = worker
        return self._workers[key]

    def _loop(self) -> OwnLoop:
        while len(self._loops) < len(self.running):
            self._loops.append(OwnLoop())
        return self._loops[len(self.running) - 1]

    def close(self) -> None:
        """Closes the workers that were opened, and then what stands around them, whatever one raises."""
        closables: list[Closable] = [*self._loops, *self._workers.values(), self._hooks]
        close_in_turn(closable.close for closable in closables)


def run_attempt(
    kind: JobType,
    worker: Any,
    job: ClaimedJob,
    context: JobContext,
    settings: Settings,
    *,
    own_loop: OwnLoop | None,
) -> tuple[Outcome, RanJob]:
    """One attempt as a worker runs it: JSON in, validation, handler, JSON out, retry verdict."""
    prepared = attempt.prepare(kind, worker, settings.max_result_bytes, own_loop)
    raised: list[BaseException] = []
    progress: list[tuple[float, float | None, str]] = []
    _listen(context, progress)
    with captured_lines(settings.log):
        outcome = attempt.run(prepared._replace(call=_noting(prepared.call, raised)), job, context)
    if context.catch_up is not None:
        context.catch_up()
    return outcome, RanJob(
        job.id,
        job.job_type,
        job.attempt,
        outcome.kind.value,
        result=json.loads(outcome.result) if outcome.result else None,
        error=outcome.error,
        delay=outcome.delay,
        progress=progress,
        log=[(level, text) for _, level, text in json.loads(outcome.log or "[]")],
        raised=raised[-1] if raised else None,
    )


def _noting(call: Callable[..., Any], raised: list[BaseException]) -> Callable[..., Any]:
    def noted(*arguments: Any, **named: Any) -> Any:
        try:
            return call(*arguments, **named)
        except BaseException as error:
            raised.append(error)
            raise

    return noted


def _listen(context: JobContext, progress: list[tuple[float, float | None, str]]) -> None:
    tell = context.report_progress

    def told(done: float, total: float | None, note: str) -> None:
        progress.append((done, total, note))
        if tell is not None:
            tell(done, total, note)

    context.report_progress = told
