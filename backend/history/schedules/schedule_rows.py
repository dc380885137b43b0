"""Schedules and ticks as rows of their tables, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from backend.domain.schedules.schedule import MissedRuns, Origin, Overlap, Plan, Schedule
from backend.domain.schedules.schedule_tick import Tick, TickOutcome

Row = Mapping[str, Any]


def schedule_of(row: Row) -> Schedule:
    """The schedule of a row of ``schedules``."""
    return Schedule(
        id=row["id"],
        name=row["name"],
        plan=_plan_of(row),
        origin=Origin(row["origin"]),
        created_at=row["created_at"],
        created_by=row["created_by"],
        next_at=row["next_at"],
        next_due_at=row["next_due_at"],
        revision=row["revision"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"] or "",
        paused_at=row["paused_at"],
        paused_by=row["paused_by"] or "",
        deleted_at=row["deleted_at"],
        seeded_as=row["seeded_as"],
    )


def _plan_of(row: Row) -> Plan:
    return Plan(
        job_type=row["job_type"],
        payload=row["payload"],
        options=row["options"],
        priority=row["priority"] or "",
        cron=row["cron"] or "",
        interval=row["interval_seconds"] or 0.0,
        time_zone=row["time_zone"],
        starts_at=row["starts_at"],
        jitter=row["jitter_seconds"],
        missed_runs=MissedRuns(row["missed_runs"]),
        overlap=Overlap(row["overlap"]),
    )


def values_of(schedule: Schedule) -> dict[str, Any]:
    """The parameters of a statement that writes a whole schedule."""
    plan = schedule.plan
    seeded = schedule.seeded_as
    return {
        "id": schedule.id,
        "name": schedule.name,
        "job_type": plan.job_type,
        "payload": json.dumps(plan.payload),
        "options": json.dumps(plan.options),
        "priority": plan.priority,
        "cron": plan.cron,
        "interval": plan.interval,
        "time_zone": plan.time_zone,
        "jitter": plan.jitter,
        "missed_runs": plan.missed_runs.value,
        "overlap": plan.overlap.value,
        "starts_at": plan.starts_at,
        "next_at": schedule.next_at,
        "next_due_at": schedule.next_due_at,
        "origin": schedule.origin.value,
        "seeded_as": None if seeded is None else json.dumps(seeded),
        "created_at": schedule.created_at,
        "created_by": schedule.created_by,
        "changed_at": schedule.changed_at,
        "changed_by": schedule.changed_by,
        "paused_at": schedule.paused_at,
        "paused_by": schedule.paused_by,
        "deleted_at": schedule.deleted_at,
    }


def tick_of(row: Row) -> Tick:
    """The tick of a row of ``schedule_ticks``."""
    return Tick(
        schedule_id=row["schedule_id"],
        planned_at=row["planned_at"],
        due_at=row["due_at"],
        outcome=TickOutcome(row["outcome"]),
        by_hand=row["by_hand"],
        asked_by=row["asked_by"] or "",
        job_id=row["job_id"] or "",
        reason=row["reason"] or "",
        late_seconds=row["late_seconds"],
        decided_at=row["decided_at"],
    )


def verdicts_of(schedule_id: str, ticks: Sequence[Tick]) -> dict[str, Any]:
    """The parameters of the statement that adds ticks: one array a column."""
    return {
        "schedule_id": schedule_id,
        "planned_at": [tick.planned_at for tick in ticks],
        "due_at": [tick.due_at for tick in ticks],
        "outcome": [tick.outcome.value for tick in ticks],
        "job_id": [tick.job_id for tick in ticks],
        "reason": [tick.reason for tick in ticks],
    }
