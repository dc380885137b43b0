"""A database as the last release knew it, with jobs on record, about to be moved to months."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from backend.history.schema.migrator import Migrator
from backend.shipped import shipped
from tests.integration.history.databases import rows, run

#: The first migration that knows months of jobs.
_FIRST = "20260202_024"
#: What the recorder of this release asks by: it stands in for the last one here. May be applied twice.
_ASKED_BY = "20260205_046_ids_that_come_again.sql"
#: What people and other programs read of the record; the rest is derived from it.
_COLUMNS = {
    "jobs": (
        "id, position, job_type, max_attempts, payload::text, options::text, tags, tenant, trace_id,"
        " context_id, callback_url, is_test, status_version, status, run_at, version, queue, fence,"
        " attempt, worker, error_version, last_error, error_kind, error_reason, payload_version,"
        " changed_payload::text, ready_version, discarded_version, created_at, enqueued_at, started_at,"
        " finished_at, discarded_at"
    ),
    "job_results": (
        "job_id, fence, version, attempt, status, job_type, queue, worker, trace_id, ready_version, run_ms,"
        " result_payload::text, error_reason, error_kind, error_message, traceback, log::text, wait_ms,"
        " started_at, ended_at"
    ),
}


def migrate_to_the_last_release(engine: Engine, folder: Path, before: str = _FIRST) -> None:
    """Applies what the last release knew: what comes before a migration."""
    for file in shipped("migrations").iterdir():
        if file.name.endswith(".sql") and file.name < before:
            shutil.copy(str(file), folder / file.name)
    Migrator(engine, folder).apply()
    run(engine, shipped("migrations").joinpath(_ASKED_BY).read_text(encoding="utf-8"))


def in_small_steps(engine: Engine, rows_a_step: int) -> None:
    """Lets the move take many steps where there is little to move."""
    run(engine, f"ALTER DATABASE {engine.url.database} SET tally.rows_a_step = {rows_a_step}")
    engine.dispose()


def on_record(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Every job and every attempt, in columns that both schemas have."""
    return {
        table: rows(engine, f"SELECT {columns} FROM {table} ORDER BY 1, fence")
        for table, columns in _COLUMNS.items()
    }


class Interrupted(Exception):
    """The process that migrates is killed."""


def interrupt_after(engine: Engine, steps: int) -> None:
    """Lets the migrator die after so many steps of the move."""
    left = [steps]

    @event.listens_for(engine, "before_cursor_execute")
    def die(_: Any, __: Any, sql: str, *___: Any) -> None:
        if "move_jobs(" in sql:
            left[0] -= 1
            if left[0] < 0:
                raise Interrupted
