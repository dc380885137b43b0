"""``tally migrate``: the schema of the jobs database, and the functions in Redis."""

from __future__ import annotations

import click

from backend.bootstrap.current import platform
from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import migrator as migrator_of
from backend.broker.server import library
from backend.broker.server.tuning import LISTPACK, tune_listpack
from backend.cli.output.done_so_far import note_begun, note_done
from backend.cli.output.printing import print_rows, tell
from backend.history.schema.migration_steps import MigrationProgress
from backend.telemetry.logs.set_up import set_up_logs


@click.command()
@click.option("--status", is_flag=True, help="Only show what is applied and what is not.")
@click.option(
    "--functions-only", is_flag=True, help="Only load this release's functions into Redis."
)
@click.option(
    "--tune-redis", is_flag=True, help="Only set what saves memory, on a Redis that is ours alone."
)
def migrate(status: bool, functions_only: bool, tune_redis: bool) -> None:
    """Applies the migrations that the database does not have yet: in order, each once, under a lock.

    The database is JOB_QUEUE_DATABASE_URL, or DATABASE_URL. With --functions-only no database is
    needed: REDIS_URL names an account that may load functions (`+function`), for deployments whose
    processes may not.

    With --tune-redis hash-max-listpack-value becomes 1024, which halves the memory of jobs that wait;
    refused where the server holds keys of others. It needs `config|set`, `config|get`, `info` and
    `scan`, and lasts until Redis restarts: redis.conf should have it too.

    \b
    Examples:
      tally migrate --status
      REDIS_URL=redis://tally-deploy:…@redis:6379/0 tally migrate --functions-only
    """
    said = {"--status": status, "--functions-only": functions_only, "--tune-redis": tune_redis}
    given = [name for name, is_given in said.items() if is_given]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} exclude each other: give one of them.")
    # Whether it waits for another that migrates is to be seen; it is no answer.
    set_up_logs(level="INFO", style="text")
    parts = platform()
    if functions_only:
        _load_functions(parts)
    elif tune_redis:
        _tune_redis(parts)
    elif status:
        _show_status(parts)
    else:
        _apply(parts)


def _load_functions(parts: Platform) -> None:
    parts.load_library()
    note_done("the functions are loaded")
    tell(f"this release's functions are loaded: tally_{library.version()}")


def _tune_redis(parts: Platform) -> None:
    before, now = tune_listpack(parts.home.client, parts.home.keys.root)
    note_done(f"{LISTPACK} is {now}")
    if before == now:
        tell(f"nothing to do: {LISTPACK} is {now}")
    else:
        tell(f"{LISTPACK} is {now}, it was {before}: for jobs from now on, until Redis restarts;")
        tell("for good, write it into redis.conf (config/redis.conf)")


def _show_status(parts: Platform) -> None:
    rows = [
        (entry.name, f"{entry.applied_at:%Y-%m-%d %H:%M:%S}" if entry.applied_at else "pending")
        for entry in migrator_of(parts).status()
    ]
    print_rows(("migration", "applied (UTC)"), rows)


def _tell_progress(progress: MigrationProgress) -> None:
    tell(f"{progress.name}: {progress.moved:,} of about {progress.total:,} rows moved")


def _apply(parts: Platform) -> None:
    # A migration of many steps tells of them, and is not to end half way for that.
    note_begun("migrations")
    applied = migrator_of(parts, _tell_progress).apply()
    if applied:
        note_done("migrations were applied, see tally migrate --status")
    for name in applied:
        tell(f"applied {name}")
    tell(f"{len(applied)} applied" if applied else "nothing to do: the schema is up to date")
