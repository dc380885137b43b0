"""Fires the ticks of all schedules: each planned tick one row, each row that runs one job.

Three steps, each harmless when done twice, so that a kill between any two neither loses nor doubles:

1. *Advance* (one transaction): the verdict on each due tick becomes a row, ``planned`` for those that
   shall run, and the schedule moves on to its next tick, only if it still stands where we saw it.
   Killed before: nothing happened, the next look sees the same tick. Two schedulers at once: one of
   them finds the schedule moved, and writes nothing. From here on the rows know what is owed.
2. *Fire*: the job of each ``planned`` row is enqueued under the only id this tick can have.
   Killed before: the row stays ``planned``, and the next look fires it. Fired twice: Redis knows the id
   while the job is there, and the key ``tick:<id>`` for a day after; the record knows it for longer.
3. *Settle*: the row says ``ran``. Killed before: the row is fired again, which comes to the same id.

The other order (enqueue, then write) would let a later look come to another verdict on a tick whose
job runs already. Time is the database's: it is where ticks are compared with it, in the same statement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice

from backend.domain.errors import (
    HistoryBacklogFull,
    InvalidOption,
    InvalidRequest,
    QueueFull,
    Unavailable,
)
from backend.domain.jobs.job import EnqueueReply, NewJob
from backend.domain.jobs.plans.twin import Twin, TwinBy
from backend.domain.ports import JobQueue
from backend.domain.schedules.freeze import KeptFreeze
from backend.domain.schedules.schedule import Overlap, Schedule
from backend.domain.schedules.schedule_ports import TickBook, UnfiredTick, UpcomingTicks
from backend.domain.schedules.schedule_tick import (
    ManualRun,
    Tick,
    TickOutcome,
    due_at_of,
    job_id_of,
)
from backend.domain.schedules.schedule_verdict import CatchUpRules, judge, why_missed
from backend.services.schedules.clock_correction import ClockCorrection
from backend.services.schedules.frozen_tick import freeze_of_tick
from backend.services.schedules.schedule_intake import ScheduleIntake
from backend.services.schedules.schedule_timing import due_ticks, next_tick
from backend.telemetry.logs.logger import Logger

log = Logger("tally.schedules")

#: Schedules looked at in one step, ticks of one schedule decided, and rows fired between settling.
_SCHEDULES, _TICKS, _ROWS = 100, 500, 200
#: Where ticks must not overlap, so many jobs are looked at: by hand, or from before a change.
_RECENT = 5
#: Seconds between two looks: so soon a new or changed schedule is seen.
LONGEST_WAIT = 1.0


class ScheduleRunner:
    """Works through the tick book. Any number may; leading only spares the others the work."""

    def __init__(
        self,
        book: TickBook,
        queue: JobQueue,
        intake: ScheduleIntake,
        rules: CatchUpRules,
        freezes: Callable[[], Sequence[KeptFreeze]] = tuple,
    ) -> None:
        self._book = book
        self._queue = queue
        self._intake = intake
        self._rules = rules
        self._freezes = freezes
        self._clock = ClockCorrection(book)
        #: Of schedules that cannot be read, which revision was told of.
        self._unreadable: dict[str, int] = {}
        #: Schedules with a tick that Redis does not take, which was told.
        self._waiting: set[str] = set()

    def step(self) -> float:
        """Fires what is due; returns the seconds until there may be more, at most `LONGEST_WAIT`."""
        self._fire_all()
        upcoming = self._book.upcoming(_SCHEDULES)
        if self._clock.follow(upcoming, _SCHEDULES):
            return 0.0
        return self._advance_all(upcoming)

    def _advance_all(self, upcoming: UpcomingTicks) -> float:
        """Judges what is due, first of the ``upcoming`` ones; the seconds until there may be more."""
        stuck = 0
        while True:
            due = _due(upcoming)
            moved = [self._advance(schedule, upcoming) for schedule in due]
            if any(moved):
                self._fire_all()
                return 0.0
            if len(due) < _SCHEDULES:
                return _wait(upcoming)
            # However many cannot be read: they are in nobody's way.
            stuck += len(due)
            upcoming = self._book.upcoming(_SCHEDULES, stuck)

    def look_again(self) -> None:
        """To be called when it leads anew: who led meanwhile may have followed a clock that was ahead."""
        self._clock.look_again()

    def fire_by_hand(self, schedule: Schedule, now: datetime, *, by: str, reason: str) -> ManualRun:
        """Runs a schedule's job beside its plan, whatever still runs; which job that is.

        Once the tick is written down it is owed: while Redis is away, the scheduler fires it later.
        Raises `InvalidRequest` when the job type, or the queue, refuses the job, HistoryUnavailable when
        nothing could be written.
        """
        job_id = job_id_of(schedule.id, now, by_hand=True)
        tick = Tick(
            schedule.id, now, now, TickOutcome.PLANNED, True, by, job_id=job_id, reason=reason
        )
        self._intake.job(schedule.plan, name=schedule.name, job_id=job_id)
        self._book.ask(tick)
        try:
            fired = self._fire(UnfiredTick(tick, schedule, now, 0, is_recorded=False))
            self._book.settle([fired] if fired else [])
        except Unavailable as error:
            log.warning("schedule.fires_later", job_id=job_id, code=error.code, error=str(error))
            return ManualRun(job_id)
        return _manual_run(tick, fired)

    def _advance(self, schedule: Schedule, upcoming: UpcomingTicks) -> bool:
        """The first step for one schedule; whether it moved on."""
        try:
            due = list(islice(due_ticks(schedule, upcoming.now), _TICKS + self._rules.most))
            if not due:
                return False
            batch, later = due[:_TICKS], due[_TICKS:]
            next_at = later[0] if later else next_tick(schedule.plan, batch[-1])
        except InvalidOption as error:
            # Edited by other hands, or its zone is gone: it shows as overdue, and the others go on.
            self._tell_unreadable(schedule, error)
            return False
        self._unreadable.pop(schedule.id, None)
        busy = self._busy(schedule)
        verdicts = judge(schedule, batch, len(later), upcoming.now, rules=self._rules, busy=busy)
        due_at = due_at_of(schedule.id, next_at, schedule.plan.jitter) if next_at else None
        return self._book.advance(schedule, verdicts, next_at, due_at)

    def _tell_unreadable(self, schedule: Schedule, error: InvalidOption) -> None:
        """Once for each change of it: it is looked at each second until somebody mends it."""
        if self._unreadable.get(schedule.id) != schedule.revision:
            self._unreadable[schedule.id] = schedule.revision
            log.warning("schedule.unreadable", schedule=schedule.name, error=str(error))

    def _busy(self, schedule: Schedule) -> str:
        """What still waits or runs of a schedule whose ticks must not overlap; empty: nothing."""
        if schedule.plan.overlap is Overlap.ALLOW:
            return ""
        for run in self._book.recent_runs(schedule.id, _RECENT):
            if not run.is_enqueued:
                return f"its job {run.job_id} is about to be enqueued"
            job = self._queue.find(run.job_id)
            if job is not None and not job.state.is_final:
                return f"its job {run.job_id} is still {job.state}"
        return ""

    def _fire_all(self) -> None:
        """The second and third step for every row that is owed."""
        stuck = 0
        while True:
            owed = self._book.unfired(_ROWS, self._rules.most, stuck)
            come = filter(_has_come, owed)
            fired = [tick for tick in map(self._fire, come) if tick is not None]
            self._book.settle(fired)
            stuck += len(owed) - len(fired)
            if len(owed) < _ROWS:
                return

    def _fire(self, owed: UnfiredTick) -> Tick | None:
        """What became of a tick that is owed; None: it cannot be enqueued now, and is owed still."""
        tick, schedule = owed.tick, owed.schedule
        given_up = self._given_up(owed)
        if owed.is_recorded or (given_up and self._queue.find(tick.job_id) is not None):
            return tick._replace(outcome=TickOutcome.RAN)
        if given_up:
            return given_up
        try:
            job = self._intake.job(schedule.plan, name=schedule.name, job_id=tick.job_id)
            frozen = freeze_of_tick(self._freezes(), job, tick)
            if frozen is not None and frozen.is_skipped:
                return _not_run(tick, TickOutcome.SKIPPED, frozen.words)
            [reply] = self._queue.enqueue([job])
        except InvalidRequest as error:
            log.warning("schedule.tick_refused", schedule=schedule.name, error=str(error))
            return _not_run(tick, TickOutcome.SKIPPED, str(error))
        except (QueueFull, HistoryBacklogFull) as error:
            self._tell_waiting(schedule, error)
            return None
        self._waiting.discard(schedule.id)
        held = frozen.words if frozen is not None else tick.reason
        ran = tick._replace(outcome=TickOutcome.RAN, reason=held)
        return ran if reply.id == job.id else _answered(tick, job, reply)

    def _tell_waiting(self, schedule: Schedule, error: QueueFull | HistoryBacklogFull) -> None:
        """Once until a tick of it is enqueued: each is tried again each second."""
        if schedule.id not in self._waiting:
            self._waiting.add(schedule.id)
            log.warning("schedule.waiting", schedule=schedule.name, code=error.code)

    def _given_up(self, owed: UnfiredTick) -> Tick | None:
        """What becomes of an owed tick whose schedule was stopped, or that is too late; None: it runs."""
        if stopped := _why_stopped(owed.tick, owed.schedule):
            return _not_run(owed.tick, TickOutcome.SKIPPED, stopped)
        if owed.tick.by_hand:
            return None
        policy = owed.schedule.plan.missed_runs
        too_late = why_missed(policy, owed.tick.due_at, owed.behind, owed.now, self._rules)
        return _not_run(owed.tick, TickOutcome.MISSED, too_late) if too_late else None


def _why_stopped(tick: Tick, schedule: Schedule) -> str:
    """Who stopped a schedule; its pause stops no run that a person asked for. Empty: nobody did."""
    if schedule.deleted_at is not None:
        return f"deleted by {schedule.changed_by}"
    if schedule.is_paused and not tick.by_hand:
        return f"paused by {schedule.paused_by}"
    return ""


def _has_come(owed: UnfiredTick) -> bool:
    """Not so of what was planned while the clock was ahead; a person's run is for at once."""
    return owed.tick.by_hand or owed.tick.due_at <= owed.now


def _not_run(tick: Tick, outcome: TickOutcome, reason: str) -> Tick:
    return tick._replace(outcome=outcome, job_id="", reason=reason)


def _answered(tick: Tick, job: NewJob, reply: EnqueueReply) -> Tick:
    """A job that is the same was there: the tick is that one's."""
    twin = Twin(reply.id, TwinBy.UNIQUE, job.scope, reply.replaced)
    reason = f"{tick.reason}; {twin.words}" if tick.reason else twin.words
    return tick._replace(outcome=TickOutcome.RAN, job_id=reply.id, reason=reason)


def _manual_run(asked: Tick, fired: Tick | None) -> ManualRun:
    if fired is None or fired.job_id == asked.job_id:
        return ManualRun(asked.job_id)
    if not fired.job_id:
        raise InvalidOption(f"the run was written down and refused: {fired.reason}")
    return ManualRun(fired.job_id, fired.reason)


def _due(upcoming: UpcomingTicks) -> list[Schedule]:
    return [s for s in upcoming.schedules if s.next_due_at and s.next_due_at <= upcoming.now]


def _wait(upcoming: UpcomingTicks) -> float:
    """Seconds until the first tick that is not due yet."""
    for schedule in upcoming.schedules:
        if schedule.next_due_at and schedule.next_due_at > upcoming.now:
            return min((schedule.next_due_at - upcoming.now).total_seconds(), LONGEST_WAIT)
    return LONGEST_WAIT
