"""How a job stands beside others: who holds the key of what is unique, and in whose line it stands."""

from __future__ import annotations

from typing import NamedTuple

from backend.domain.errors import Unavailable
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.job import JobView
from backend.domain.jobs.options.fairness import FAIR_BY, FairQueues
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.ports import Inspection


class JobStanding(NamedTuple):
    """Empty where there is nothing of the kind, and where Redis could not be asked."""

    #: The job that keeps out those that are the same: this one, its twin, or none.
    unique_holder: str = ""
    #: The option by which its queue is fair, and whose its line is.
    fair_by: str = ""
    fair_key: str = ""


def standing_of(
    found: JobView | JobHistory, inspection: Inspection, fair_queues: FairQueues
) -> JobStanding:
    """Asks nothing of a job that is not unique, and has nothing by which a queue can be fair."""
    scope = terms_of(found.options).scope
    try:
        holder = inspection.holder_of(scope) if scope else ""
        return JobStanding(holder, *_fair(found, fair_queues))
    except Unavailable:
        return JobStanding()


def _fair(found: JobView | JobHistory, fair_queues: FairQueues) -> tuple[str, str]:
    if not isinstance(found, JobView) or not any(name in found.options for name in FAIR_BY):
        return "", ""
    fairness = fair_queues.rules().get(found.queue)
    return (fairness.by, fairness.key_of(found.options)) if fairness else ("", "")
