"""``tally migrate``: the schema of the jobs database."""

from __future__ import annotations

import click

from backend.bootstrap import platform
from backend.bootstrap.record_parts import migrator as migrator_of
from backend.cli.printing import print_rows


@click.command()
@click.option("--status", is_flag=True, help="Only show what is applied and what is not.")
def migrate(status: bool) -> None:
    """Applies the migrations that the database does not have yet: in order, each once, under a lock.

    The database is JOB_QUEUE_DATABASE_URL, or DATABASE_URL.
    """
    migrator = migrator_of(platform())
    if status:
        rows = [
            (entry.name, f"{entry.applied_at:%Y-%m-%d %H:%M:%S}" if entry.applied_at else "pending")
            for entry in migrator.status()
        ]
        print_rows(("migration", "applied (UTC)"), rows)
        return
    applied = migrator.apply()
    for name in applied:
        click.echo(f"applied {name}")
    click.echo(f"{len(applied)} applied" if applied else "nothing to do: the schema is up to date")
