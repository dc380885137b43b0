"""The jobs behind the schedules that Tally brings along: pruning, reconciling, looking after workers.

They work on the platform itself, so unlike other workers they are wired here. Each runs in a process
of its own, which alone opens connections to Postgres.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from backend.bootstrap.current import platform
from backend.broker.jobs.operations import RedisOperations
from backend.domain.errors import IllegalMove, PermanentFailure, Snooze
from backend.domain.ledger.ledger import FaultKind, LedgerReport
from backend.domain.ledger.shard_epoch import EPOCH_TAG
from workers.base_worker import job_type
from workers.handlers.payload import Payload
from workers.job_types.current_job import current_job

_MOST_TICKS = 100_000
#: Jobs that the failure of a reconciliation names.
_NAMED = 20
#: Seconds until a reconciliation that met another one looks again.
_PAUSE_SECONDS = 30.0
#: The same for one that met a recorder which is behind, and at which look, about an hour after the
#: first, it fails: what nobody has looked at must not go on in silence.
_BEHIND_SECONDS, _MOST_LOOKS = 120.0, 30


class Nothing(Payload):
    """These jobs are told nothing: the settings say all."""


@job_type(
    "prune_history",
    role="operator",
    tenants=False,
    priority="low",
    isolation="process",
    timeout=3600,
    max_retries=1,
)
def prune_history(_payload: Nothing) -> dict[str, int]:
    """Deletes what has outlived its time: RQ's registries, dead letters over limits, history, ticks."""
    from backend.bootstrap.record_parts import pruner
    from backend.history.schedules.schedule_store import PostgresScheduleStore

    parts = platform()
    # First, for history keeps what is in the dead-letter queue.
    limits = parts.settings.dlq
    entries, dead = parts.home.part(RedisOperations).prune(
        parts.inspection.queue_names(),
        max_dead=limits.max_jobs,
        max_dead_age=limits.max_days * 86_400,
    )
    loop = pruner(parts, parts.history_engine)
    while loop.run_once() == 0.0:
        continue
    store = PostgresScheduleStore(parts.history_engine)
    now = min(parts.clock.now(), store.now())
    before = now - timedelta(days=parts.settings.history.failed_days)
    ticks = store.prune_ticks(before, _MOST_TICKS)
    return {"jobs": loop.pruned, "ticks": ticks, "registry_entries": entries, "dead": dead}


@job_type(
    "reconcile",
    role="operator",
    tenants=False,
    priority="low",
    isolation="process",
    timeout=3600,
    max_retries=0,
)
def reconcile(_payload: Nothing) -> dict[str, Any]:
    """Compares Redis with the record and names every job that breaks the balance."""
    from backend.bootstrap.record_parts import ledger_service

    parts, job = platform(), current_job()
    looks = job.attempt if job else 1
    ledger, repair = ledger_service(parts), parts.settings.ledger.repair
    try:
        report = ledger.reconcile(repair=repair)
    except IllegalMove as another:
        # A person's, or that of the hour before: nothing is wrong with the books.
        raise Snooze(_PAUSE_SECONDS, str(another)) from another
    is_new_epoch = job is not None and EPOCH_TAG in job.tags
    if repair and _misses_keys(report, is_new_epoch=is_new_epoch, looks=looks):
        report.recalled = ledger.recall()
    return result_of(report, looks=looks)


def _misses_keys(report: LedgerReport, *, is_new_epoch: bool, looks: int) -> bool:
    """Whether finished jobs may be gone that a key stands for: a call said again would make another.

    To look reads the record of a year, so that a quiet hour does not; while the recorder is behind,
    what is on record by now is brought back at the first look, and the rest at the last.
    """
    has_lost = is_new_epoch or FaultKind.LOST in report.counts
    return has_lost and (looks == 1 or not report.recorder_is_behind)


def result_of(report: LedgerReport, *, looks: int = 1) -> dict[str, Any]:
    """What the job tells of a reconciliation, its ``looks``-th; raises PermanentFailure for what is wrong.

    Raises Snooze where the record could not be judged: that nothing is wrong was not found out.
    """
    _refuse_faults(report)
    if report.recorder_is_behind:
        _look_again(looks)
    return {
        "jobs": report.jobs,
        "balanced": report.is_balanced,
        "recorder_is_behind": report.recorder_is_behind,
        "faults": {kind.value: number for kind, number in report.counts.items()},
        "repaired": report.repaired,
        "recalled": report.recalled,
    }


def _refuse_faults(report: LedgerReport) -> None:
    left = [fault for fault in report.faults if not fault.is_repaired][:_NAMED]
    unnamed = sum(report.counts.values()) - report.repaired - len(left)
    if left or unnamed:
        named = [f"{fault.job_id} ({fault.kind} in {fault.queue})" for fault in left]
        told = ", ".join([*named, f"{unnamed} more"] if unnamed else named)
        raise PermanentFailure(f"the books do not balance: {told}; see `tally reconcile`")


def _look_again(looks: int) -> None:
    # One that was sent home again after it failed has as many looks once more.
    if looks % _MOST_LOOKS:
        raise Snooze(_BEHIND_SECONDS, "the recorder is behind: nobody can tell what Redis has lost")
    raise PermanentFailure(
        "the recorder has been behind for about an hour, so nobody can tell what Redis has lost: see "
        "that it runs (`tally recorder`), then `tally reconcile`"
    )


@job_type(
    "check_workers",
    role="operator",
    tenants=False,
    priority="low",
    timeout=60,
    max_retries=1,
    result_ttl=300,
)
def check_workers(_payload: Nothing) -> dict[str, Any]:
    """Clears the records of worker processes that ended without saying so."""
    parts = platform()
    service = parts.worker_service
    cleared = service.clear_stale()
    return {"workers": len(service.all()), "cleared": cleared}
