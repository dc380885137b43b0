"""What becomes of ticks that are due. Pure: facts in, verdicts out.

The verdict on a tick depends on that tick, the time, and what came after it, never on the batch in
which somebody looks at it. So looking twice, or in pieces after a crash, comes to the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from backend.domain.schedules.schedule import MissedRuns, Overlap, Schedule
from backend.domain.schedules.schedule_tick import Tick, TickOutcome, due_at_of, job_id_of


class CatchUpRules(NamedTuple):
    """How late is too late, and how much is made up for."""

    #: Seconds; a tick that could not be fired for longer was missed, else it is merely late.
    missed_after: float = 30.0
    #: Most missed ticks of one schedule that ``missed_runs: all`` makes up for.
    most: int = 100


def judge(
    schedule: Schedule,
    planned: Sequence[datetime],
    later: int,
    now: datetime,
    *,
    rules: CatchUpRules,
    busy: str = "",
) -> list[Tick]:
    """One verdict for each tick of a schedule that is due, the oldest first.

    ``later`` is how many ticks are due after these (counting further than ``rules.most`` changes
    nothing); ``busy`` says what still runs of an earlier tick, empty when that does not matter.
    """
    verdicts = []
    for at, planned_at in enumerate(planned):
        behind = len(planned) - 1 - at + later
        due_at = due_at_of(schedule.id, planned_at, schedule.plan.jitter)
        missed = why_missed(schedule.plan.missed_runs, due_at, behind, now, rules)
        tick = _verdict(schedule.id, planned_at, due_at, missed, busy)
        if tick.outcome is TickOutcome.PLANNED and schedule.plan.overlap is Overlap.SKIP:
            busy = f"the job of {planned_at:%Y-%m-%d %H:%M:%S} UTC has only just been enqueued"
        verdicts.append(tick)
    return verdicts


def _verdict(
    schedule_id: str, planned_at: datetime, due_at: datetime, missed: str, busy: str
) -> Tick:
    if missed:
        return Tick(schedule_id, planned_at, due_at, TickOutcome.MISSED, reason=missed)
    if busy:
        return Tick(schedule_id, planned_at, due_at, TickOutcome.SKIPPED, reason=busy)
    job_id = job_id_of(schedule_id, planned_at)
    return Tick(schedule_id, planned_at, due_at, TickOutcome.PLANNED, job_id=job_id)


def why_missed(
    policy: MissedRuns, due_at: datetime, behind: int, now: datetime, rules: CatchUpRules
) -> str:
    """Why a tick with ``behind`` newer ones due after it does not run any more; empty: it runs."""
    late = (now - due_at).total_seconds()
    if late <= rules.missed_after:
        return ""
    if policy is MissedRuns.SKIP:
        return f"nobody fired it for {late:.0f} s, and missed runs are skipped"
    if policy is MissedRuns.LAST and behind > 0:
        return f"nobody fired it for {late:.0f} s, and a later tick stands for it"
    if policy is MissedRuns.ALL and behind >= rules.most:
        return f"nobody fired it for {late:.0f} s, and only the last {rules.most} are made up for"
    return ""
