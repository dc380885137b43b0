"""What becomes of the jobs of a worker process that is gone. Pure: facts in, outcomes out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind, died
from backend.domain.ports import Lease, Rescued


class Death(NamedTuple):
    """How a worker process ended, and what it ran then, by job id and fence."""

    cause: str
    running: Collection[tuple[str, str]]
    #: Those of the running ones that the process was killed for; empty: nobody knows who did it.
    guilty: Collection[tuple[str, str]] = ()
    #: Why the guilty were killed: ``timeout``, or ``crashed``; ``memory``: one alone is not guilty of
    #: what many before it left there.
    reason: str = "crashed"
    #: What had ended and was not settled yet. It began, and does so again: nobody knows how it ended.
    ended: Collection[tuple[str, str]] = ()


def judge(leases: Sequence[Lease], death: Death) -> list[Rescued]:
    """One outcome for each lease.

    What only waited in the process is given back as if nobody had claimed it. Of what ran, the guilty
    one is charged; when it is unknown which of several it was, none is, and each runs alone next time,
    so that it shows.
    """
    running = [lease for lease in leases if (lease.job_id, lease.fence) in death.running]
    guilty = [lease for lease in running if (lease.job_id, lease.fence) in death.guilty]
    if len(running) == 1 and death.reason != "memory":
        guilty = running
    return [Rescued(lease, _outcome(lease, death, running, guilty)) for lease in leases]


def _outcome(
    lease: Lease, death: Death, running: Sequence[Lease], guilty: Sequence[Lease]
) -> Outcome:
    if lease in guilty:
        return charged(lease, death.reason, death.cause)
    if lease in running and not guilty:
        others = "beside others" if len(running) > 1 else "after others"
        error = AttemptError("suspected", "ProcessDied", f"{death.cause} while it ran {others}")
        return Outcome(OutcomeKind.SUSPECTED, error=error)
    has_begun = lease in running or (lease.job_id, lease.fence) in death.ended
    return Outcome(OutcomeKind.RELEASED if has_begun else OutcomeKind.RETURNED)


def charged(lease: Lease, reason: str, cause: str) -> Outcome:
    """The outcome of a job that is charged for the end of its process."""
    return died(reason, cause, failures=lease.failures, max_attempts=lease.max_attempts)


def judge_vanished(leases: Sequence[Lease]) -> list[Rescued]:
    """Outcomes for leases that ended unextended: their worker's host is gone, or frozen.

    Nobody can tell what had begun there, so all of it counts as begun: effects may have happened.

    Leases of one worker that end together are suspects together; one that ends alone is charged.
    """
    by_worker: dict[str, list[Lease]] = {}
    for lease in leases:
        by_worker.setdefault(lease.worker, []).append(lease)
    rescued = []
    for worker, group in by_worker.items():
        running = [(lease.job_id, lease.fence) for lease in group]
        rescued += judge(group, Death(f"worker {worker} stopped renewing its lease", running))
    return rescued
