"""``tally reconcile`` and ``tally rebuild``: the books of Redis and the record."""

from __future__ import annotations

import sys
from typing import Any

import click
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.confirmation import confirm
from backend.cli.input.identity import who
from backend.cli.input.parts import actions, ledger_service
from backend.cli.output.control_words import difference_words
from backend.cli.output.printing import print_json, print_rows, progress, say
from backend.domain.jobs.job_state import JobState
from backend.domain.ledger.ledger import LedgerReport, QueueBalance, RebuildReport


class _Command(click.Command):
    """A command that stands alone and yet ends as those of a noun do."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs it."""
        return CommandGroup.guarded(lambda: super(_Command, self).invoke(ctx))


@click.command(cls=_Command)
@click.option("--repair", is_flag=True, help="Put right what can be.")
@options.reason
@options.as_json
def reconcile(repair: bool, reason: str, as_json: bool) -> None:
    """Compares Redis with the record, job by job, and names each that is wrong. Jobs go on meanwhile.

    Exit status 1 unless every accepted job is accounted for in the end.

    \b
    Examples:
      tally reconcile
      tally reconcile --repair --reason "after the outage"
    """
    with _spinner("comparing Redis with the record"):
        report = (
            actions().ledger.repair(who(), reason=reason)
            if repair
            else ledger_service().reconcile()
        )
    if as_json:
        print_json({**vars_of(report), "is_balanced": report.is_balanced})
    else:
        _print(report)
    sys.exit(0 if report.is_balanced else 1)


@click.command(cls=_Command)
@click.option(
    "--even-if-used",
    is_flag=True,
    help="Go on with a rebuild that was interrupted, once all since is recorded.",
)
@options.yes
@options.reason
@options.as_json
def rebuild(even_if_used: bool, yes: bool, reason: str, as_json: bool) -> None:
    """Makes every job that waits, runs or is dead again in an empty Redis, from the record.

    Stop workers and schedulers first, and start them afterwards. What Redis had accepted after the
    last recorded event is lost, unless it came through the outbox: the answer says up to when.

    Exit status 1 when there are jobs that cannot be made, which are named: the rest is made.

    \b
    Example:
      tally rebuild --reason "lost the disk of Redis"
    """
    confirm("Make the waiting jobs of the record again in this Redis?", yes=yes)
    with _spinner("making jobs again"):
        report = actions().ledger.rebuild(who(), even_if_used=even_if_used, reason=reason)
    if as_json:
        print_json(report)
    else:
        _print_rebuilt(report)
    sys.exit(1 if report.unknown else 0)


def _print_rebuilt(report: RebuildReport) -> None:
    print_rows(("state", "jobs made again"), list(report.restored.items()), empty="nothing to make")
    say(
        f"{report.interrupted} of them were running and begin again; {report.present} were there; "
        f"{report.sent_again} come again from the outbox"
    )
    _say_recalled(report.recalled)
    if report.recovery_point is not None:
        say(f"on record up to {report.recovery_point:%Y-%m-%d %H:%M:%S} UTC")
    _say_controls(report)
    if report.unknown:
        say(f"{len(report.unknown)} cannot be made, for their acceptance is not on record:")
        print_rows(("job",), [(job_id,) for job_id in report.unknown])


def _say_recalled(jobs: int) -> None:
    if jobs:
        say(f"{jobs} that have finished are known again: their keys still stand for them")


def _say_controls(report: RebuildReport) -> None:
    """Pauses and limits that hold again, and those of old with the commands that set them again."""
    held = ", ".join(word.words for word in report.controls)
    say(f"pauses and limits of the record hold: {held or 'there was none to set again'}")
    if not report.lost_controls:
        return
    say("the audit log knows of others: before workers start, set those that shall hold")
    rows = [
        (
            f"tally queues limit {each.what.removeprefix('type:')} {each.limit}"
            if each.limit
            else f"tally queues pause {each.what}",
            each.by,
            f"{each.at:%Y-%m-%d %H:%M}",
        )
        for each in report.lost_controls
    ]
    print_rows(("command", "set by", "at (UTC)"), rows, empty="")


def vars_of(report: LedgerReport) -> dict[str, Any]:
    """The fields of a report."""
    return {name: getattr(report, name) for name in LedgerReport.__dataclass_fields__}


def _print(report: LedgerReport) -> None:
    print_rows(
        ("queue", "accepted", *JobState, "books"),
        [_row(balance) for balance in report.balances],
        empty="no queue has held a job yet",
    )
    if report.faults:
        print_rows(
            ("fault", "job", "queue", "what", ""),
            [
                (f.kind, f.job_id, f.queue, f.detail, "repaired" if f.is_repaired else "")
                for f in report.faults
            ],
        )
    for difference in report.controls:
        say(difference_words(difference))
    left = sum(report.counts.values()) - report.repaired
    say(f"{report.jobs} jobs and {report.entries} entries looked at; {report.moved} had moved on")
    _say_recalled(report.recalled)
    if report.recorder_is_behind:
        say("the recorder did not catch up, so the record could not be judged: is one running?")
    say(
        f"{left} wrong, {report.repaired} repaired"
        if report.counts
        else "every job is accounted for"
    )


def _row(balance: QueueBalance) -> tuple[object, ...]:
    out = balance.difference
    counts = (balance.live.get(state, 0) for state in JobState)
    return (balance.queue, balance.accepted, *counts, f"out by {out}" if out else "balance")


def _spinner(words: str) -> Progress:
    bar = progress(SpinnerColumn(), TextColumn(words), TimeElapsedColumn(), transient=True)
    bar.add_task(words, total=None)
    return bar
