"""What becomes of the jobs of a worker process that is gone. Pure: facts in, outcomes out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backend.domain.jobs.attempts.death import Death
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind, died
from backend.domain.ports import Lease, Rescued

#: Seconds; longer than a worker waits for work in one go.
_LONGEST_UNHEARD = 10.0
#: After so many a job is charged that is there again. Who kills its process shows when it runs alone
#: next; who takes a whole host along, as where a container's memory is spent, is never alone there.
MOST_SUSPICIONS = 2


def judge(leases: Sequence[Lease], death: Death) -> list[Rescued]:
    """One outcome for each lease.

    What only waited in the process is given back as if nobody had claimed it. Of what ran, the guilty
    one is charged; when it is unknown which of several it was, none is, and each runs alone next time,
    so that it shows. Who is there a third time is charged, and the others are not.
    """
    running = [lease for lease in leases if (lease.job_id, lease.fence) in death.running]
    guilty = [lease for lease in running if (lease.job_id, lease.fence) in death.guilty]
    if not guilty and death.reason != "memory":
        there_again = [lease for lease in running if lease.suspicions >= MOST_SUSPICIONS]
        guilty = running if len(running) == 1 else there_again
    return [Rescued(lease, _outcome(lease, death, running, guilty)) for lease in leases]


def _outcome(
    lease: Lease, death: Death, running: Sequence[Lease], guilty: Sequence[Lease]
) -> Outcome:
    if lease in guilty:
        is_there_again = not death.guilty and lease.suspicions >= MOST_SUSPICIONS
        before = f", as {lease.suspicions} times before beside others" if is_there_again else ""
        return charged(lease, death.reason, death.cause + before)
    if lease in running and not guilty:
        others = "beside others" if len(running) > 1 else "after others"
        error = AttemptError("suspected", "ProcessDied", f"{death.cause} while it ran {others}")
        return Outcome(OutcomeKind.SUSPECTED, error=error)
    has_begun = lease in running or (lease.job_id, lease.fence) in death.ended
    return Outcome(OutcomeKind.RELEASED if has_begun else OutcomeKind.RETURNED)


def charged(lease: Lease, reason: str, cause: str) -> Outcome:
    """The outcome of a job that is charged for the end of its process."""
    return died(reason, cause, failures=lease.failures, max_attempts=lease.max_attempts)


def unheard_seconds(lease_seconds: float) -> float:
    """For how long a job is leased of whose claim its worker has not heard yet.

    An idle worker's claim waits in the store for a job, and is carried out there, whoever is left to
    hear of it.
    """
    return min(_LONGEST_UNHEARD, lease_seconds / 3)


def judge_vanished(
    ended: Sequence[Lease],
    beside: Sequence[Lease],
    lease_seconds: float,
    told_to_stop: Collection[str] = (),
) -> list[Rescued]:
    """Outcomes for leases that ended unextended: their worker's host is gone, or frozen.

    What it never heard of is given back as if nobody had claimed it. Nobody can tell what else had
    begun there, so all of that counts as begun: effects may have happened. Leases of one worker end at
    different moments, as it claimed them: ``beside`` are all that these workers had, ended or not.
    Those of one worker are suspects together; one that had nothing beside it is charged. What ran in one
    that was ``told_to_stop`` is not why it ended: a host that stops is not waited for for ever.
    """
    by_worker: dict[str, dict[tuple[str, str], Lease]] = {}
    # As it ended, where it is among both.
    for lease in (*beside, *ended):
        by_worker.setdefault(lease.worker, {})[lease.job_id, lease.fence] = lease
    rescued = []
    for worker, group in by_worker.items():
        running = [key for key, lease in group.items() if _was_heard_of(lease, lease_seconds)]
        is_stopping = worker in told_to_stop
        death = Death(
            f"worker {worker} stopped renewing its lease",
            running=() if is_stopping else running,
            ended=running if is_stopping else (),
        )
        rescued += judge(list(group.values()), death)
    wanted = set(ended)
    return [one for one in rescued if one.lease in wanted]


def _was_heard_of(lease: Lease, lease_seconds: float) -> bool:
    """Whether its worker lengthened it, or had it for longer than by a claim that waited for a job.

    A length that no claim gives, as where a clock was set, is no sign that it was not.
    """
    seconds = lease.unextended_seconds
    return seconds is None or not 0 < seconds <= 1.5 * unheard_seconds(lease_seconds)
