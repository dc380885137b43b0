"""``tally migrate``: the schema of the jobs database, and the functions in Redis."""

from __future__ import annotations

import click

from backend.bootstrap import Platform, platform
from backend.bootstrap.record_parts import migrator as migrator_of
from backend.broker.server import library
from backend.cli.output.printing import print_rows, tell


@click.command()
@click.option("--status", is_flag=True, help="Only show what is applied and what is not.")
@click.option(
    "--functions-only", is_flag=True, help="Only load this release's functions into Redis."
)
def migrate(status: bool, functions_only: bool) -> None:
    """Applies the migrations that the database does not have yet: in order, each once, under a lock.

    The database is JOB_QUEUE_DATABASE_URL, or DATABASE_URL. With --functions-only no database is
    needed: REDIS_URL names an account that may load functions (`+function`), for deployments whose
    processes may not.

    \b
    Examples:
      tally migrate --status
      REDIS_URL=redis://tally-deploy:…@redis:6379/0 tally migrate --functions-only
    """
    parts = platform()
    if functions_only:
        _load_functions(parts)
    elif status:
        _show_status(parts)
    else:
        _apply(parts)


def _load_functions(parts: Platform) -> None:
    parts.load_library()
    tell(f"this release's functions are loaded: tally_{library.version()}")


def _show_status(parts: Platform) -> None:
    rows = [
        (entry.name, f"{entry.applied_at:%Y-%m-%d %H:%M:%S}" if entry.applied_at else "pending")
        for entry in migrator_of(parts).status()
    ]
    print_rows(("migration", "applied (UTC)"), rows)


def _apply(parts: Platform) -> None:
    applied = migrator_of(parts).apply()
    for name in applied:
        tell(f"applied {name}")
    tell(f"{len(applied)} applied" if applied else "nothing to do: the schema is up to date")
