"""The process of an isolated job: runs one at a time for its worker process, within hard limits.

Started as ``python -m workers.runtime DESCRIPTOR PARENT``; it dies with its parent. What it must know
comes first through the descriptor: it looks nothing up, for much may have changed since its parent did.
"""

from __future__ import annotations

import atexit
import resource
import signal
import socket
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from backend.api.config.handing_on import read_back
from backend.api.config.settings import Settings, adopt
from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.telemetry.logs.lossy_streams import lose_lines
from backend.telemetry.logs.set_up import set_up_logs
from workers.base_worker import BaseWorker, JobContext
from workers.job_types.configured_middleware import use_configured
from workers.registry import catalogue_of
from workers.runtime.attempts import attempt
from workers.runtime.attempts.attempt import Prepared
from workers.runtime.attempts.job_contexts import context_of
from workers.runtime.attempts.progress import Progress
from workers.runtime.children import forked_copy, frames
from workers.runtime.children.child_checkpoints import ChildCheckpoints
from workers.runtime.children.child_inbox import ChildInbox
from workers.runtime.children.child_lines import ChildLines
from workers.runtime.children.cpu_limit import CpuLimit
from workers.runtime.children.descendants import descendants, end_descendants
from workers.runtime.children.family import adopt_orphans, tie_to_parent
from workers.runtime.children.process_state import ProcessState
from workers.runtime.ending import close_all
from workers.runtime.process_hooks import ProcessHooks

if TYPE_CHECKING:
    from workers.runtime.attempts.own_loop import OwnLoop

_MEGABYTE = 1024 * 1024


def main(arguments: list[str]) -> None:
    """Serves jobs until the other side hangs up; then everything is closed in order."""
    lose_lines()
    channel = socket.socket(fileno=int(arguments[0]))
    # Whether it blocks is a matter of what both processes share: ours does not say what theirs was told.
    channel.setblocking(True)
    # What a job starts must not keep the channel open when this process is gone.
    channel.set_inheritable(False)
    tie_to_parent(signal.SIGKILL, int(arguments[1]))
    # After each job it looks for what that left running; after all exit handlers, which run from the last
    # to the first, for what workers had opened and left.
    adopt_orphans()
    atexit.register(end_descendants)
    start = frames.receive(channel)
    if start is not None:
        _prepared(channel, start).serve()


def _prepared(channel: socket.socket, start: dict[str, Any]) -> Child:
    try:
        sys.path[:] = start["search_path"]
        settings = read_back(start["settings"])
        adopt(settings)
        set_up_logs(**settings.log.said(), process="child")
        retry = RetryPolicy(settings.retry.delays, jitter=settings.retry.jitter)
        catalogue = catalogue_of(start["modules"], settings.job_packages, retry)
        use_configured(settings.middleware)
        hooks = ProcessHooks("child")
        hooks.open()
        limit_resources(settings)
        cpu_limit = CpuLimit(settings.worker.child_cpu_seconds)
    except BaseException as error:
        frames.send(channel, {"failed": f"{type(error).__name__}: {error}"})
        raise
    return Child(channel, catalogue, settings, hooks, cpu_limit)


def limit_resources(settings: Settings) -> None:
    """Sets the limits of this process for good; 0 means none. That of CPU time is each job's own."""
    wanted = {
        resource.RLIMIT_AS: settings.worker.child_memory_limit_mb * _MEGABYTE,
        resource.RLIMIT_FSIZE: settings.worker.child_file_mb * _MEGABYTE,
    }
    for limit, value in wanted.items():
        if value:
            resource.setrlimit(limit, (value, value))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Child:
    """Runs jobs in the main thread, while another one listens for a cancel."""

    def __init__(
        self,
        channel: socket.socket,
        catalogue: JobTypeCatalogue,
        settings: Settings,
        hooks: ProcessHooks,
        cpu_limit: CpuLimit,
    ) -> None:
        self._channel = channel
        self._catalogue = catalogue
        self._settings = settings
        self._hooks = hooks
        self._cpu_limit = cpu_limit
        self._workers: dict[type[BaseWorker], BaseWorker] = {}
        self._prepared: dict[str, Prepared] = {}
        self._said = threading.Lock()
        self._inbox = ChildInbox(channel)

    def serve(self) -> None:
        """The loop of the main thread."""
        forked_copy.watch(self._channel.close)
        self._inbox.start()
        self._note_what_stays()
        self._say({"ready": True})
        while (order := self._inbox.next_job()) is not None:
            job, worker = order
            self._cpu_limit.begin()
            outcome = self._outcome(job, worker)
            self._say(frames.outcome_frame(job, outcome, self._tidy()))
        own_loop = filter(None, [self._inbox.own_loop])
        close_all([*own_loop, *self._workers.values(), self._hooks])

    def _note_what_stays(self) -> None:
        """The process as it is without a job: with what middleware and workers have opened."""
        self._state = ProcessState()
        self._meant_to_stay = descendants()

    def _outcome(self, job: ClaimedJob, worker: str) -> Outcome:
        try:
            context = context_of(job, worker)
        except Exception as unreadable:  # noqa: BLE001 - that is no crash of this process
            return attempt.unbegun(job, unreadable)
        return self._run(job, context)

    def _run(self, job: ClaimedJob, context: JobContext) -> Outcome:
        context.report_progress = Progress(
            context, lambda _context, *said: self._say(frames.progress_frame(job, *said))
        )
        context.checkpoints = ChildCheckpoints(
            lambda request: self._say(frames.checkpoint_frame(job, request)),
            self._inbox.next_answer,
        )
        context.watch_log = lambda begun: self._forward_lines(job, begun)
        try:
            outcome = self._attempt(job, context)
        except BaseException as raised:  # noqa: BLE001 - opening a worker's client may fail as well
            forked_copy.end_copy(raised)
            self._inbox.end()
            outcome = attempt.failure(job, raised, context.canceled)
        if context.catch_up is not None:
            with suppress(ValueError, TypeError):
                context.catch_up()
        return outcome

    def _forward_lines(self, job: ClaimedJob, context: JobContext) -> None:
        if context.written is not None:
            send = ChildLines(lambda line: self._say(frames.line_frame(job, line)))
            context.written.forward = send

    def _attempt(self, job: ClaimedJob, context: JobContext) -> Outcome:
        self._inbox.begin(job, context)
        try:
            return attempt.run(self._prepared_for(job), job, context)
        finally:
            self._inbox.end()

    def _prepared_for(self, job: ClaimedJob) -> Prepared:
        if job.job_type not in self._prepared:
            job_type = self._catalogue.get(job.job_type)
            worker = self._opened(job_type.worker) if job_type.worker else None
            own_loop = self._own_loop() if job_type.is_async else None
            self._prepared[job.job_type] = attempt.prepare(
                job_type, worker, self._settings.max_result_bytes, own_loop
            )
        return self._prepared[job.job_type]

    def _own_loop(self) -> OwnLoop:
        """Made for the first async handler, for one of another kind pays nothing for it."""
        if self._inbox.own_loop is None:
            from workers.runtime.attempts.own_loop import OwnLoop

            self._inbox.own_loop = OwnLoop()
        return self._inbox.own_loop

    def _opened(self, worker_class: type[BaseWorker]) -> BaseWorker:
        if worker_class not in self._workers:
            worker = worker_class(self._settings)
            worker.open()
            try:
                if worker.is_for_loops():
                    self._own_loop().open(worker)
            except BaseException:
                # Another one is opened for the next job.
                close_all([worker])
                raise
            self._workers[worker_class] = worker
            self._note_what_stays()
        return self._workers[worker_class]

    def _tidy(self) -> str:
        """Makes this process what it was before the job; says what cannot be undone."""
        try:
            # First of all: what is done here is no job's time.
            out_of_time = self._cpu_limit.end()
            # Before threads are looked at: what ends in the loop may yet end some.
            in_loop = self._inbox.own_loop.left() if self._inbox.own_loop else ""
            left = [out_of_time, in_loop, self._state.restore(), self._processes_left()]
        except BaseException as raised:  # noqa: BLE001 - a signal handler of the job's may raise
            return f"what was not looked at, for it raised {type(raised).__name__}"
        return ", ".join(filter(None, left))

    def _processes_left(self) -> str:
        return "a process" if end_descendants(but=self._meant_to_stay) else ""

    def _say(self, frame: dict[str, Any]) -> None:
        with self._said:
            frames.send(self._channel, frame)
