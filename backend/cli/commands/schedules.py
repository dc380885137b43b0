"""``tally schedules``: recurring jobs."""

from __future__ import annotations

import json
import sys
from itertools import chain
from typing import Any

import click

from backend.bootstrap.current import platform
from backend.cli.commands.jobs.enqueueing import payload_from
from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.completing import a_job_type
from backend.cli.input.confirmation import confirm
from backend.cli.input.given_text import GIVEN
from backend.cli.input.identity import who
from backend.cli.input.instants import COMING, Duration
from backend.cli.input.parts import actions, scheduler_service
from backend.cli.output.ages import length, moment
from backend.cli.output.printing import (
    print_facts,
    print_heading,
    print_json,
    print_rows,
    say,
    tell,
)
from backend.cli.output.sync_words import sync_words
from backend.domain.jobs.options import bounds
from backend.domain.jobs.queue_name import Priority
from backend.domain.schedules.schedule import MissedRuns, Overlap, Schedule
from backend.domain.schedules.schedule_seed import SeedOutcome
from backend.domain.schedules.schedule_view import ScheduleView
from backend.telemetry.logs.schedule_masking import (
    differences_without_secrets,
    plan_without_secrets,
)

_INTERVAL, _JITTER = Duration(bounds.INTERVAL), Duration(bounds.SCHEDULE_JITTER)


def _plan_options(command: Any) -> Any:
    for option in (
        click.option("--overlap", type=click.Choice([word.value for word in Overlap])),
        click.option("--missed-runs", type=click.Choice([word.value for word in MissedRuns])),
        click.option("--priority", type=click.Choice([priority.value for priority in Priority])),
        click.option(
            "--jitter",
            type=Duration(bounds.SCHEDULE_JITTER),
            help="Puts each run off by up to so long.",
        ),
        click.option("--starts-at", type=COMING, help="No run is earlier: 2h, 2026-02-01T08:00."),
        click.option("--time-zone", type=GIVEN, help="In whose time cron is read: Europe/Berlin."),
        click.option("--interval", type=_INTERVAL, help="From run to run: 10m."),
        click.option("--cron", type=GIVEN, help="Five fields, or @daily and the like."),
    ):
        command = option(command)
    return command


@click.group(cls=CommandGroup)
def schedules() -> None:
    """Shows, makes, changes, pauses and runs recurring jobs."""


@schedules.command("list")
@click.option("--overdue", is_flag=True, help="Only those whose expected run is missing.")
@options.as_json
def list_schedules(overdue: bool, as_json: bool) -> None:
    """Lists every schedule with its next and its last run."""
    views = scheduler_service().list_all(overdue=overdue)
    if as_json:
        print_json([_facts(view) for view in views])
        return
    print_rows(
        ("schedule", "job type", "when", "zone", "next (UTC)", "last", "made by", ""),
        [_row(view) for view in views],
        empty="no run is missing" if overdue else "there are no schedules",
    )


@schedules.command()
@click.argument("name")
@click.option("--ticks", "count", type=click.IntRange(1, 1000), default=10, show_default=True)
@options.as_json
def show(name: str, count: int, as_json: bool) -> None:
    """Shows one schedule, its next runs, and what became of its last ones."""
    service = scheduler_service()
    view, ticks = service.get(name), service.ticks(name, limit=count)
    coming = service.preview(name)
    if as_json:
        print_json({**_facts(view), "words": coming.words, "runs": coming.runs, "ticks": ticks})
        return
    plan = plan_without_secrets(platform().catalogue, view)
    facts = [(field.replace("_", " "), _word(value)) for field, value in plan.items()]
    print_facts([("schedule", name), ("in words", coming.words), *facts])
    print_heading("Next runs")
    print_rows(("at",), [(run.isoformat(),) for run in coming.runs])
    print_heading("Last runs")
    print_rows(
        ("planned (UTC)", "outcome", "late", "job", "reason"),
        [(moment(t.planned_at), t.outcome, length(t.late_seconds), t.job_id, t.reason)
         for t in ticks],
        empty="none yet",
    )  # fmt: skip


@schedules.command()
@click.argument("name")
@click.argument("job_type", shell_complete=a_job_type)
@click.argument("payload", default="{}")
@_plan_options
@click.option("--paused", is_flag=True, help="There, but not running until it is resumed.")
@options.reason
def add(name: str, job_type: str, payload: str, *, paused: bool, reason: str, **said: Any) -> None:
    """Makes a schedule: cron line or interval.

    \b
    Examples:
      tally schedules add nightly generate_report '{"report": "queue_activity_of_a_day"}' \\
          --cron "30 2 * * *" --time-zone Europe/Berlin --missed-runs last
      tally schedules add ping greet '{"name": "Ada"}' --interval 10m
    """
    plan = {"job_type": job_type, "payload": payload_from(payload), **_said(said)}
    made = actions().schedules.create(who(), name, plan, reason=reason, paused=paused)
    tell(_next_run(made))


@schedules.command()
@click.argument("name")
@click.option("--payload", help="JSON, @FILE or -.")
@_plan_options
@options.reason
def change(name: str, payload: str | None, reason: str, **said: Any) -> None:
    """Changes what is given of a schedule; the rest stays."""
    changes = _said(said)
    if payload is not None:
        changes["payload"] = payload_from(payload)
    if not changes:
        raise click.UsageError("Say what to change.")
    tell(_next_run(actions().schedules.change(who(), name, changes, reason=reason)))


@schedules.command()
@click.argument("name")
@options.reason
def pause(name: str, reason: str) -> None:
    """Stops its runs until it is resumed."""
    actions().schedules.pause(who(), name, reason=reason)
    tell(f"{name} is paused")


@schedules.command()
@click.argument("name")
@options.reason
def resume(name: str, reason: str) -> None:
    """Lets it run again from now on; what its pause swallowed is not made up for."""
    tell(_next_run(actions().schedules.resume(who(), name, reason=reason)))


@schedules.command()
@click.argument("name")
@options.reason
def run(name: str, reason: str) -> None:
    """Runs its job once, now, beside the plan; prints the job's id."""
    run = actions().schedules.run_now(who(), name, reason=reason)
    tell(run.job_id)
    if run.answered:
        say(run.answered)


@schedules.command()
@click.argument("name")
@options.yes
@options.reason
def delete(name: str, yes: bool, reason: str) -> None:
    """Ends a schedule; its past runs stay on record."""
    confirm(f"Delete the schedule {name}?", yes=yes)
    actions().schedules.delete(who(), name, reason=reason)
    tell(f"{name} is deleted")


@schedules.command()
@click.argument("name", required=False)
@_plan_options
@click.option("--count", type=click.IntRange(1, 100), default=5, show_default=True)
@options.as_json
def preview(name: str | None, count: int, as_json: bool, **said: Any) -> None:
    """Says when a schedule, or a draft of one, will run.

    \b
    Example:
      tally schedules preview --cron "30 2 * * MON-FRI" --time-zone Europe/Berlin
    """
    coming = scheduler_service().preview(name, count=count, **_said(said))
    if as_json:
        print_json(coming)
        return
    tell(coming.words)
    for at in coming.runs:
        tell(at.isoformat())


@schedules.command()
@options.as_json
def sync(as_json: bool) -> None:
    """Brings the schedules of the settings in, and says where the two differ.

    Exit status 1 when one of them cannot be, and was refused.
    """
    reports = actions().schedules.sync(who())
    if as_json:
        print_json(reports)
    else:
        for line in chain.from_iterable(map(sync_words, reports)):
            tell(line)
    is_refused = any(report.outcome is SeedOutcome.REFUSED for report in reports)
    sys.exit(1 if is_refused else 0)


def _said(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None}


def _next_run(schedule: Schedule) -> str:
    if schedule.is_paused:
        return f"{schedule.name} is paused"
    at = schedule.next_at
    return (
        f"{schedule.name}: next run {moment(at)} UTC" if at else f"{schedule.name}: no run is left"
    )


def _word(value: Any) -> object:
    """A field of a plan as it is typed: payloads and options are JSON."""
    return (
        json.dumps(value, ensure_ascii=False) if value and isinstance(value, dict) else value or ""
    )


def _row(view: ScheduleView) -> tuple[object, ...]:
    schedule, last = view.schedule, view.last_tick
    plan = schedule.plan
    late = view.overdue_seconds
    state = "paused" if schedule.is_paused else f"overdue {length(late)}" if late > 1 else ""
    when = plan.cron or f"every {length(plan.interval)}"
    outcome = f"{last.outcome} {moment(last.planned_at)}" if last else ""
    return (schedule.name, plan.job_type, when, plan.time_zone, moment(schedule.next_at), outcome,
            schedule.created_by, state)  # fmt: skip


def _facts(view: ScheduleView) -> dict[str, Any]:
    schedule = view.schedule
    return {
        "name": schedule.name,
        **plan_without_secrets(platform().catalogue, view),
        "origin": schedule.origin,
        "next_at": schedule.next_at,
        "paused_at": schedule.paused_at,
        "overdue_seconds": view.overdue_seconds,
        "last_tick": view.last_tick,
        "differences": differences_without_secrets(platform().catalogue, view),
    }
