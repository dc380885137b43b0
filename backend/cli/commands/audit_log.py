"""``tally audit``: who did what, and the proof that nothing of it was changed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

import click

from backend.cli.input import options
from backend.cli.input.command_group import CommandGroup
from backend.cli.input.given_text import GIVEN
from backend.cli.input.instants import DURATION
from backend.cli.input.parts import audit_service
from backend.cli.output.ages import moment
from backend.cli.output.printing import print_json, print_rows, say, tell
from backend.cli.output.whole_file import export_to
from backend.domain.audit.audit import AuditRow
from backend.domain.audit.audit_ports import AuditFilter
from backend.services.access.audit_export import verify_export


@click.group(cls=CommandGroup)
def audit() -> None:
    """Searches, verifies and exports the audit log."""


@audit.command("list")
@click.option("--actor", type=GIVEN, help="Who.")
@click.option("--action", type=GIVEN, help="What: jobs.cancel, queues.pause…")
@click.option("--job", "affected_id", type=GIVEN, help="A job that was touched.")
@click.option("--request", "request_id", type=GIVEN, help="One request's rows.")
@options.since
@options.until
@options.limit(50)
@options.as_json
def list_rows(
    *,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    as_json: bool,
    **wanted: str | None,
) -> None:
    """Lists actions, the newest first.

    \b
    Examples:
      tally audit list --since 1d
      tally audit list --action queues.purge
    """
    said = {name: text for name, text in wanted.items() if text is not None}
    rows = audit_service().search(AuditFilter(**said, after=since, before=until), most=limit)
    if as_json:
        print_json([row.to_dict() for row in rows])
        return
    _print_table(rows, empty="no action matches")


@audit.command()
@click.option(
    "--older-than", type=DURATION, default="5m", show_default=True, help="Begun longer ago."
)
@options.limit(50)
@options.as_json
def unfinished(older_than: float, limit: int, as_json: bool) -> None:
    """Lists actions of the last 30 days that were begun and whose outcome was never written.

    Whoever did them was killed in between, or the audit log was away when they ended: then the
    outcome is in the process log. Look whether each was done. Exit status 1 when there are any.

    \b
    Examples:
      tally audit unfinished
      tally audit unfinished --older-than 1h --json
    """
    rows = audit_service().unmatched(older_than=older_than, most=limit)
    if as_json:
        print_json([row.to_dict() for row in rows])
    else:
        _print_table(rows, empty="every action that was begun has an outcome")
    sys.exit(1 if rows else 0)


@audit.command()
@click.option(
    "--export",
    "file",
    # What is not UTF-8 was changed, and is told as that.
    type=click.File(encoding="utf-8", errors="surrogateescape"),
    help="Check exported lines.",
)
@options.as_json
def verify(file: TextIO | None, as_json: bool) -> None:
    """Recomputes every hash. Exit status 1 when a row was changed, removed or put in.

    Retired seals are those of which no job event is left and whose month history need not keep, by today's
    settings: they are passed over, for nobody can tell retention from another hand there.

    Of exported lines it says how many there are and the number of the last: what was cut off behind it
    only the database knows.

    \b
    Examples:
      tally audit verify
      tally audit verify --export audit.jsonl     needs no database
    """
    if file is not None:
        lines = verify_export(file)
        problems = lines.problems
        facts = {"export": file.name, "rows": str(lines.rows), "last": str(lines.last)}
    else:
        verdict = audit_service().verify()
        problems = verdict.problems
        facts = {
            "rows": str(verdict.rows),
            "seals": str(verdict.seals),
            "retired_seals": str(verdict.retired_seals),
            "events": str(verdict.events),
        }
    if as_json:
        print_json({**facts, "holds": not problems, "problems": problems})
    else:
        for problem in problems:
            tell(f"{problem.chain} {problem.number}: {problem.problem}")
        words = ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in facts.items())
        say(f"{words}: {f'{len(problems)} problem(s)' if problems else 'the chain holds'}")
    sys.exit(1 if problems else 0)


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
def export(file: str) -> None:
    """Writes the whole log to FILE (- is standard output), one JSON object a line, with its hash.

    FILE is whole or, where it cannot be, as it was before.
    """
    count = 0
    with export_to(file) as output:
        for line in audit_service().export():
            output.write(line + "\n")
            count += 1
    say(f"{count} rows exported")


def _print_table(rows: Sequence[AuditRow], *, empty: str) -> None:
    print_rows(
        ("#", "at (UTC)", "who", "through", "action", "outcome", "object", "jobs", "reason"),
        [
            (
                row.number,
                moment(row.at),
                row.entry.actor.name,
                row.entry.actor.channel,
                row.entry.action,
                row.entry.outcome,
                row.entry.object,
                row.entry.affected or "",
                row.entry.reason,
            )
            for row in rows
        ],
        empty=empty,
    )
