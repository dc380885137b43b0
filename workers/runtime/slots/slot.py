"""A slot: one job at a time inside a worker process. It settles, claims and runs, in its own thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue

import structlog

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job import ClaimedJob
from workers.base_worker import JobContext, StopRequested
from workers.runtime import interrupts
from workers.runtime.attempts import attempt
from workers.runtime.attempts.runner import Runner
from workers.runtime.children import forked_copy
from workers.runtime.ending import vital
from workers.runtime.slots.batch_size import BatchSize
from workers.runtime.slots.running_table import RunningJob
from workers.runtime.slots.slot_pool import SlotPool

#: Seconds a job that must end has, after it was interrupted.
OBEDIENCE_SECONDS = 5.0
#: Seconds until a slot claims again in which something broke that nobody thought of.
PAUSE_SECONDS = 1.0

log = structlog.get_logger("tally.worker")


class Slot(threading.Thread):
    """Runs jobs until its slot pool stops. Its loop: settle what ended and claim more; run each; again."""

    def __init__(self, number: int, slot_pool: SlotPool) -> None:
        super().__init__(name=f"slot-{number}", daemon=True)
        self.number = number
        self.slot_pool = slot_pool
        self.batch: deque[ClaimedJob] = deque()
        self.running: ClaimedJob | None = None
        #: Taken from the batch, and not among the ended yet: longer than it is running, for its last word
        #: may still be told, or its child buried.
        self._in_hand: ClaimedJob | None = None
        self.context: JobContext | None = None
        self.started_at = 0.0
        self.soft_deadline = 0.0
        self.hard_deadline = 0.0
        #: What it is told while it waits for work; see `Idler`.
        self.told: SimpleQueue[bool] = SimpleQueue()
        self._ended: list[tuple[ClaimedJob, Outcome]] = []
        #: Jobs in the running table: begun, and not settled yet.
        self._begun = 0
        self._size = BatchSize(seconds=slot_pool.batch_seconds, limit=slot_pool.batch_limit)
        self._aim = threading.Lock()
        self.interrupted = False
        #: When the running job's lease was found lost; 0: it is not.
        self.lost_at = 0.0
        #: Somebody wants the running job to end, whatever that takes.
        self.is_forced = False
        #: The thread's loop is done.
        self.is_over = False
        self._rest_seconds = 0.0

    @vital
    def run(self) -> None:
        """The loop of the thread."""
        forked_copy.watch()
        while self._goes_on():
            self._run_batch()
        self.is_over = True
        self.slot_pool.slot_left(self)

    def _run_batch(self) -> None:
        while self.batch:
            try:
                self._in_hand = job = self.batch.popleft()
            except IndexError:
                # Others have just taken away what waited here.
                return
            self._run_job(job)
            self._in_hand = None

    def _goes_on(self) -> bool:
        """As `_exchange`, whatever is raised in it: a process without slots would go on beating."""
        try:
            return self._exchange()
        except Exception:
            log.exception("slot.raised", worker=self.slot_pool.worker, slot=self.number)
            # What it had claimed, if that got lost, is looked for.
            self.slot_pool.in_doubt = True
            time.sleep(PAUSE_SECONDS)
            return True

    def _exchange(self) -> bool:
        """Settles and claims; blocks while there is nothing to do; False when it is time to leave."""
        claimed = self.slot_pool.exchange(self._ended, 0 if self._rest_seconds else self._size.jobs)
        self._ended = []
        self.slot_pool.running_table.settle(self.number, self._begun)
        self._begun = 0
        self.batch.extend(claimed)
        if claimed:
            return True
        if self._rest_seconds:
            self.slot_pool.stopping.wait(self._rest_seconds)
            self._rest_seconds = 0.0
            return True
        return self.slot_pool.wait_for_work(self)

    @property
    def wanted(self) -> int:
        """How many jobs it would take now."""
        return self._size.jobs

    def take(self, jobs: Sequence[ClaimedJob]) -> None:
        """Gives it jobs while it waits for work."""
        self.batch.extend(jobs)

    def _run_job(self, job: ClaimedJob) -> None:
        """One attempt, from the running table's entry to its outcome. No job ends the slot."""
        try:
            runner = self.slot_pool.runner_of(job)
            outcome = runner if isinstance(runner, Outcome) else self._attempted(job, runner)
        except BaseException as unforeseen:  # noqa: BLE001 - its neighbours need the slot
            outcome = self._survived(job, unforeseen)
        self._ended.append((job, outcome))

    def _attempted(self, job: ClaimedJob, runner: Runner) -> Outcome:
        try:
            context = self.slot_pool.context_of(job)
        except Exception as unreadable:  # noqa: BLE001 - its options may be anything, the slot goes on
            return attempt.unbegun(job, unreadable)
        self._begin(job, context, runner)
        try:
            outcome = runner.run(job, context, self)
        except BaseException as late:  # noqa: BLE001 - an interrupt that came as the handler ended
            seconds = time.monotonic() - self.started_at
            outcome = attempt.ended_by(late, runner.kind, job, context, seconds)
        self._end()
        if context.catch_up is not None:
            self._catch_up(job, context.catch_up)
        self._size.learn(outcome.run_seconds)
        return outcome

    def _catch_up(self, job: ClaimedJob, catch_up: Callable[[], None]) -> None:
        """What the handler said last of how far it is; the job has ended, whatever becomes of that."""
        try:
            catch_up()
        except Exception:
            log.exception("progress.lost", job_id=job.id)

    def _survived(self, job: ClaimedJob, unforeseen: BaseException) -> Outcome:
        """The end of an attempt around which something broke; more of that kind shall not make it spin."""
        log.error(
            "slot.raised",
            worker=self.slot_pool.worker,
            slot=self.number,
            job_id=job.id,
            job_type=job.job_type,
            exc_info=unforeseen,
        )
        if self.running is not None:
            self._end()
        self.rest(PAUSE_SECONDS)
        return attempt.failure(job, unforeseen, canceled=False)

    def _begin(self, job: ClaimedJob, context: JobContext, runner: Runner) -> None:
        now = time.monotonic()
        soft, hard = runner.soft_after(job), runner.hard_after(job)
        self.started_at = now
        self.soft_deadline = now + soft if soft else 0.0
        self.hard_deadline = now + hard if hard else 0.0
        self.context = context
        entry = RunningJob(job.id, job.fence, now, self.hard_deadline)
        self.slot_pool.running_table.note_running(self.number, entry, self._begun)
        self._begun += 1
        with self._aim:
            self.interrupted = self.is_forced = False
            self.running = job

    def disarm(self) -> None:
        """Nothing may interrupt this thread any more: the handler is done."""
        with self._aim:
            self.lost_at = 0.0
            self.running = None
            if self.interrupted:
                interrupts.call_off()

    def rest(self, seconds: float) -> None:
        """Claims nothing for so long, once what it holds is settled."""
        self._rest_seconds = max(self._rest_seconds, seconds)

    def _end(self) -> None:
        # Its runner has done so, unless an interrupt came in the middle of that.
        if self.running is not None:
            self.disarm()
        self.context = None
        self.slot_pool.running_table.note_ended(self.number, self._begun - 1)

    def interrupt(self, job: ClaimedJob, raised: type[BaseException]) -> bool:
        """Raises in the handler of ``job`` at its next bytecode, once; False if it is over already."""
        with self._aim:
            if self.running is not job or self.interrupted:
                return False
            self.interrupted = True
            interrupts.raise_in(self.ident, raised)
            return True

    def force_to_end(self, job: ClaimedJob) -> None:
        """Raises in the handler of ``job``; if that does not end it, the process is killed for it."""
        deadline = time.monotonic() + OBEDIENCE_SECONDS
        told = RunningJob(job.id, job.fence, self.started_at, deadline, told_to_stop=True)
        with self._aim:
            if self.running is not job or self.is_forced:
                return
            self.is_forced = True
            self.slot_pool.running_table.note_running(self.number, told, self._begun - 1)
        self.interrupt(job, StopRequested)

    def lose(self, job: ClaimedJob) -> bool:
        """Raises in the handler of ``job``, whose lease is lost; False if that was known already.

        From then on its time limit is no reason to kill the process, and its neighbours with it.
        """
        without_limit = RunningJob(job.id, job.fence, self.started_at, 0.0)
        with self._aim:
            if self.running is not job or self.lost_at:
                return False
            self.lost_at = time.monotonic()
            self.slot_pool.running_table.note_running(self.number, without_limit, self._begun - 1)
        self.interrupt(job, StopRequested)
        return True

    def is_forsaken(self, now: float) -> bool:
        """Whether its job goes on though its lease was lost: nobody waits for it, nor for this slot."""
        return bool(self.lost_at) and now - self.lost_at > OBEDIENCE_SECONDS

    def held(self) -> list[ClaimedJob]:
        """Every job this slot has a lease on: waiting in its batch, in hand, or not yet settled.

        Looked for in the order that a job goes, so that none is missed that goes on meanwhile.
        """
        waiting = list(self.batch)
        in_hand = self._in_hand
        unsettled = [job for job, _ in self._ended]
        if in_hand is None or any(job is in_hand for job in unsettled):
            return [*waiting, *unsettled]
        return [in_hand, *waiting, *unsettled]

    def give_up_batch(self) -> list[ClaimedJob]:
        """Takes away what waits behind the running job; each job is given to one caller only."""
        taken = []
        while self.batch:
            try:
                taken.append(self.batch.pop())
            except IndexError:
                break
        return taken[::-1]
