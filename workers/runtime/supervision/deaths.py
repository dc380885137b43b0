"""How a worker process ended, as its supervisor tells those who judge its jobs."""

from __future__ import annotations

from collections.abc import Iterable

from backend.domain.jobs.attempts.death import Death
from workers.runtime.slots.running_table import RunningJob, RunningTable
from workers.runtime.supervision.killing import Killing


def death_of(table: RunningTable, returncode: int | None, killing: Killing | None) -> Death:
    """The end of one, by what it left in its table.

    What a process could not give back that had stopped is to blame for nothing: it is told among what
    had ended, which began and is charged to nobody, in a form that programs of every release read.
    """
    killing = killing or Killing(f"worker process ended with {returncode}")
    running, ended = _named(table.running()), _named(table.ended())
    if table.has_stopped and not killing.guilty:
        running, ended = set(), running | ended
    return Death(killing.cause, running, _named(killing.guilty), killing.reason, ended)


def _named(entries: Iterable[RunningJob]) -> set[tuple[str, str]]:
    return {(entry.job_id, entry.fence) for entry in entries}
