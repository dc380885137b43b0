"""``tally breakers``: destinations that cannot be reached, and whose jobs wait."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from backend.bootstrap.current import platform
from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.identity import who
from backend.cli.input.parts import actions
from backend.cli.output.ages import age
from backend.cli.output.printing import print_json, print_rows, say, tell
from backend.domain.jobs.options.breaker_state import BreakerState
from backend.services.finding.breaker_words import breaker_details, breaker_words


@click.group(cls=CommandGroup)
def breakers() -> None:
    """Destinations that cannot be reached: list them, open and close them by hand."""


@breakers.command("list")
@options.limit(100)
@options.as_json
def list_breakers(limit: int, as_json: bool) -> None:
    """Shows the breakers that hold jobs back, the longest first; every other one is closed."""
    service = platform().breaker_service
    found = service.not_closed(limit)
    if as_json:
        print_json([breaker_details(state) for state in found])
        return
    print_rows(
        ("destination", "status", "since", "jobs wait", "next try", "opened", "last error"),
        [_row(state) for state in found],
        empty="no breaker holds jobs back",
    )
    if (total := service.count()) > len(found):
        say(f"{len(found)} of {total}; --limit shows more")


def _row(found: BreakerState) -> tuple[object, ...]:
    return (
        found.destination,
        found.status,
        age(found.since),
        found.waiting,
        _next_try(found),
        f"by {found.by}" if found.is_by_hand else f"{found.trips} times",
        found.reason if found.is_by_hand else found.error,
    )


def _next_try(found: BreakerState) -> str:
    if found.probing:
        return f"{found.probing} now"
    return f"{found.probe_at:%H:%M:%S} UTC" if found.probe_at else "-"


@breakers.command()
@click.argument("destination")
@options.as_json
def show(destination: str, as_json: bool) -> None:
    """Shows one, in a sentence."""
    found = platform().breaker_service.find(destination)
    if as_json:
        print_json(breaker_details(found))
    elif found.since is None:
        tell(f"{destination}: closed, its jobs run")
    else:
        tell(breaker_words(found, datetime.now(UTC)))


@breakers.command("open")
@click.argument("destination")
@options.reason
def open_breaker(destination: str, reason: str) -> None:
    """Holds the jobs for a destination back until somebody closes it; what runs goes on.

    \b
    Examples:
      tally breakers open webhook:hooks.example.com:443 --reason "they asked us to stop"
      tally breakers open mail_server
    """
    done = actions().breakers.open(who(), destination, reason=reason)
    tell(f"{destination} is open" if done else f"{destination} was open already")


@breakers.command("close")
@click.argument("destination")
@options.reason
def close_breaker(destination: str, reason: str) -> None:
    """Lets the jobs for a destination come back, twice as many each second, whoever opened it."""
    done = actions().breakers.close(who(), destination, reason=reason)
    tell(f"{destination} lets its jobs come back" if done else f"{destination} was closed already")
