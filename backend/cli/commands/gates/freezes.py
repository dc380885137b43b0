"""``tally freezes``: maintenance windows, in which nothing of something starts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.completing import a_pausable
from backend.cli.input.given_text import GIVEN
from backend.cli.input.identity import who
from backend.cli.input.instants import COMING, Duration
from backend.cli.input.parts import actions
from backend.cli.output.plain_data import plain
from backend.cli.output.printing import print_json, print_rows, tell
from backend.domain.jobs.options import bounds
from backend.domain.schedules.freeze import Freeze, FreezeState, TicksInside


@click.group(cls=CommandGroup)
def freezes() -> None:
    """Maintenance windows: nothing of a queue, a lane, a job type or a tenant starts inside."""


@freezes.command("list")
@options.as_json
def list_freezes(as_json: bool) -> None:
    """Shows every freeze: what it holds, when, whether it holds now, and how many wait aside."""
    found = platform().freeze_service.all()
    if as_json:
        print_json({"freezes": [plain(state) for state in found]})
        return
    heads = ("freeze", "what", "when", "holds", "next", "aside", "by", "reason")
    print_rows(heads, [_row(state) for state in found], empty="there are no freezes")


@freezes.command()
@click.argument("name")
@click.argument("what", shell_complete=a_pausable)
@click.option("--from", "starts_at", type=COMING, help="When it begins: 2h, 2026-12-01T22:00; now.")
@click.option("--until", "ends_at", type=COMING, help="When it ends, in the same form.")
@click.option("--cron", type=GIVEN, help="Begins at each tick of this line, instead of once.")
@click.option(
    "--for",
    "length",
    type=Duration(bounds.FREEZE_LENGTH),
    help="How long, instead of --until; each time, with --cron.",
)
@click.option("--zone", "time_zone", type=GIVEN, default="UTC", help="Time zone of the cron line.")
@click.option(
    "--ramp", type=Duration(bounds.FREEZE_RAMP), default="60", help="What waited is spread over it."
)
@click.option(
    "--ticks",
    type=click.Choice([each.value for each in TicksInside]),
    default=TicksInside.HOLD.value,
    help="Whether ticks of schedules inside are held or skipped.",
)
@options.reason
def add(  # noqa: PLR0917 - one a option
    name: str,
    what: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    cron: str | None,
    length: float | None,
    time_zone: str,
    ramp: float,
    ticks: str,
    reason: str,
) -> None:
    """Says a freeze, or says one of that name anew. It begins and ends by itself, whatever is down then.

    WHAT is a queue:<name>, lane:<name>, type:<name> or tenant:<name>. What runs goes on; what waits comes
    after its end, spread over the ramp.

    \b
    Examples:
      tally freezes add upgrade lane:email --for 2h --reason "mail server"
      tally freezes add month-end type:export_data --from 2026-12-31T22:00 --until 2027-01-01T06:00
      tally freezes add ledger-close lane:export --cron "0 22 L * *" --for 6h --zone Europe/Paris --ramp 5m
    """
    if not cron:
        starts_at = starts_at or datetime.now(UTC)
        ends_at, length = _end(starts_at, ends_at, length), None
    freeze = Freeze(
        name,
        what,
        starts_at=starts_at,
        ends_at=ends_at,
        cron=cron or "",
        length_seconds=length or 0.0,
        time_zone=time_zone,
        ramp_seconds=ramp,
        ticks=TicksInside(ticks),
    )
    state = actions().freezes.set(who(), freeze, reason=reason)
    tell(f"{name}: {state.kept.freeze.words} is frozen {state.kept.freeze.when_words}")


def _end(starts_at: datetime, ends_at: datetime | None, length: float | None) -> datetime:
    """When a single window ends, which is said in one of two ways."""
    if (ends_at is None) == (length is None):
        raise click.UsageError("say --until TIME or --for DURATION, one of both")
    try:
        return ends_at or starts_at + timedelta(seconds=length or 0.0)
    except OverflowError:
        raise click.UsageError("it would end after the last day of the calendar") from None


@freezes.command()
@click.argument("name")
@options.reason
def lift(name: str, reason: str) -> None:
    """Ends a freeze at once and for good; what waited comes over its ramp."""
    actions().freezes.lift(who(), name, reason=reason)
    tell(f"{name}: lifted")


def _row(state: FreezeState) -> tuple[str, ...]:
    freeze, window = state.kept.freeze, state.window
    coming = f"{window.starts_at:%Y-%m-%d %H:%M} UTC" if window and not state.holds else ""
    if state.holds and window:
        coming = f"ends {window.ends_at:%Y-%m-%d %H:%M} UTC"
    holds = "now" if state.holds else "later" if window else "over"
    return (
        *(freeze.name, freeze.what, freeze.when_words, holds, coming),
        *(str(state.aside), state.kept.by, state.kept.reason),
    )
