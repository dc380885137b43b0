"""What stands between a worker and a job that is only asked for, and when the job may start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from backend.domain.jobs.job import JobView, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.breaker import DESTINATION
from backend.domain.jobs.options.fairness import FairPlace, FairQueues
from backend.domain.jobs.options.job_labels import labels_of
from backend.domain.jobs.options.quota import Quotas
from backend.domain.jobs.plans.job_preview import Forecast, GateAhead
from backend.domain.ports import Inspection
from backend.services.finding.explanation import Cause
from backend.services.finding.fair_words import fair_details, fair_words
from backend.services.finding.quota_words import waiting_words
from backend.services.finding.tenant_words import told_to_tenant
from backend.services.finding.why_service import WhyService

#: The code of what keeps a new job out altogether.
QUOTA_WAITING = "quota_waiting"
#: Lines of a fair queue that are looked at.
_MOST_LINES = 1000
#: What hides no time: a worker is free as soon as it is.
_IN_PASSING = frozenset({"workers_busy", "fair_turn", "thawing"})
#: By which word of its details each cause says when it is over.
_ENDS = {"frozen": "until", "breaker_open": "probe_at", "rate_used_up": "starts_about"}


class StartForecast:
    """Asks what `why` would say of a job if it were there."""

    def __init__(
        self,
        why: WhyService,
        inspection: Inspection,
        fair_queues: FairQueues,
        quotas: Quotas,
        now: Callable[[], datetime],
    ) -> None:
        self._why = why
        self._look = inspection
        self._fair = fair_queues
        self._quotas = quotas
        self._now = now

    def of(
        self, job: NewJob, run_at: datetime | None = None, of_tenant: str | None = None
    ) -> Forecast:
        """How it stands with one job; tells ``of_tenant`` alone, where one is given.

        Raises `QueueUnavailable`.
        """
        view = _as_if_there(job)
        turn = self._turn(view)
        if of_tenant is not None:
            turn = [told_to_tenant(cause, self._now()) for cause in turn]
        causes = [*self._refusal(view), *self._why.before(view, of_tenant), *turn]
        gates = tuple(self._ahead(cause, counts=of_tenant is None) for cause in causes)
        return Forecast(gates, self._starts(view, gates, run_at or self._now()))

    def _refusal(self, job: JobView) -> list[Cause]:
        """That it would not even be accepted: of no job that is there `why` can say so."""
        tenant = labels_of(job.options).tenant
        found = self._quotas.find(tenant) if tenant else None
        if found is None or "waiting" not in found.used_up:
            return []
        details = {"tenant": tenant, "limit": found.quota.waiting, "waiting": found.waiting}
        return [Cause(QUOTA_WAITING, waiting_words(found), details)]

    def _turn(self, job: JobView) -> list[Cause]:
        """Behind the jobs of its key; a key that has none comes in at the end of the round."""
        fairness = self._fair.rules().get(job.queue)
        if fairness is None:
            return []
        key, shares = fairness.key_of(job.options), self._fair.shares(job.queue, _MOST_LINES)
        own = next((at for at, share in enumerate(shares) if share.key == key), None)
        if own is None:
            place = FairPlace(key, 0, len(shares), len(shares) + 1)
        else:
            place = FairPlace(key, shares[own].waiting, own, len(shares))
        if not (place.before or place.lines_before):
            return []
        details = fair_details(job.queue, place, fairness)
        return [Cause("fair_turn", fair_words(place, fairness), details)]

    def _ahead(self, cause: Cause, *, counts: bool) -> GateAhead:
        said, gate = cause.details.get, _gate_of(cause)
        ends = said(_ENDS.get(cause.code, ""))
        waiting = said("before") if cause.code == "fair_turn" else said("waiting")
        if counts and waiting is None and gate.startswith(("paused:type:", "frozen:")):
            waiting = self._aside(gate)
        opens_at = datetime.fromisoformat(ends) if ends else None
        return GateAhead(cause.code, gate, cause.text, waiting, opens_at)

    def _aside(self, gate: str) -> int:
        """Of what is paused or frozen by type or tenant jobs step aside; of queues they stay in line."""
        return self._look.gate(gate.replace("paused:type:", "paused:"))[1]

    def _starts(
        self, job: JobView, gates: tuple[GateAhead, ...], earliest: datetime
    ) -> datetime | None:
        times = [gate.opens_at for gate in gates if gate.code not in _IN_PASSING]
        if any(at is None for at in times):
            return None
        start = max([earliest, *(at for at in times if at is not None)])
        tenant = labels_of(job.options).tenant
        for window in self._look.frozen():
            concerns = window.concerns(queue=job.queue, job_type=job.job_type, tenant=tenant)
            if concerns and window.holds(start):
                start = window.ends_at
        return start


def _as_if_there(job: NewJob) -> JobView:
    return JobView(
        id=job.id,
        job_type=job.job_type,
        queue=str(job.queue),
        state=JobState.QUEUED,
        payload=None,
        attempt=0,
        max_attempts=job.max_attempts,
        options=job.options,
        destination=job.options.get(DESTINATION, ""),
    )


def _gate_of(cause: Cause) -> str:
    said = cause.details
    if cause.code == "paused":
        return f"paused:{said['what']}"
    if cause.code in {"frozen", "thawing"}:
        return f"frozen:{said['what']}"
    if cause.code == "fair_turn":
        return f"fair:{said['queue']}"
    return str(said.get("gate", ""))
