"""What callers see of queues and do to them, to lanes and to job types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.domain.errors import InvalidOption
from backend.domain.jobs.options.rate import Rate, RateWord
from backend.services.calling.caller import Caller, actor_of
from backend.services.calling.queue_parts import Reaches

if TYPE_CHECKING:
    from backend.domain.jobs.options.breaker_state import BreakerState
    from backend.domain.jobs.options.fairness import Fairness
    from backend.domain.jobs.options.quota import Quota, QuotaState
    from backend.domain.jobs.pause import Pause
    from backend.domain.jobs.queue_state import QueueState, WorkerState
    from backend.domain.schedules.freeze import Freeze, FreezeState


class QueueCalls(Reaches):
    """Each change is a row of the audit log, under the name of ``by``."""

    def queue_states(self) -> list[QueueState]:
        """Every queue that ever held a job: how many jobs are where, and since when the oldest waits."""
        look = self._parts.inspection
        return look.queue_states(look.queue_names())

    def worker_states(self) -> list[WorkerState]:
        """Every worker process on record."""
        return self._parts.inspection.workers()

    def pauses(self) -> list[Pause]:
        """What is paused, by whom, since when and why."""
        return self._parts.inspection.pauses()

    def pause(
        self,
        *,
        queue: str = "",
        lane: str = "",
        job_type: str = "",
        reason: str = "",
        by: Caller = None,
    ) -> bool:
        """Lets no worker take jobs of one queue, lane or job type; False if it was paused already."""
        actions, actor = self._parts.actions, actor_of(by)
        if _only_one(queue, lane, job_type) is queue:
            return actions.queues.pause(actor, queue, reason=reason)
        if lane:
            return actions.queues.pause_lane(actor, lane, reason=reason)
        return actions.types.pause(actor, job_type, reason=reason)

    def resume(
        self,
        *,
        queue: str = "",
        lane: str = "",
        job_type: str = "",
        reason: str = "",
        by: Caller = None,
    ) -> bool:
        """Lets them take jobs again; False if it was not paused."""
        actions, actor = self._parts.actions, actor_of(by)
        if _only_one(queue, lane, job_type) is queue:
            return actions.queues.resume(actor, queue, reason=reason)
        if lane:
            return actions.queues.resume_lane(actor, lane, reason=reason)
        return actions.types.resume(actor, job_type, reason=reason)

    def limits(self) -> dict[str, int]:
        """How many jobs of a type may run at once in the deployment, where that is limited."""
        return self._parts.inspection.limits()

    def limit(self, job_type: str, most: int | None, *, reason: str = "", by: Caller = None) -> int:
        """Sets such a limit; 0 takes it away, None gives it back to the job type's declaration."""
        return self._parts.actions.types.limit(actor_of(by), job_type, most, reason=reason)

    def key_limits(self) -> dict[str, int]:
        """How many jobs of a key may run at once, where somebody said so; 0: as many as can."""
        return self._parts.inspection.key_limits()

    def limit_key(
        self, key: str, most: int | None, *, reason: str = "", by: Caller = None
    ) -> int | None:
        """Sets such a limit, for jobs that wait too; None gives it back to what the jobs say."""
        return self._parts.actions.types.limit_key(actor_of(by), key, most, reason=reason)

    def rates(self) -> dict[str, Rate]:
        """How many jobs of a type may start in a time in the deployment, where that is limited."""
        return self._parts.inspection.rates()

    def rate(
        self, job_type: str, rate: Rate | RateWord, *, reason: str = "", by: Caller = None
    ) -> Rate | None:
        """Sets such a rate; ``none`` takes it away, ``default`` gives it back to the declaration."""
        said = rate if isinstance(rate, Rate) else RateWord(rate)
        return self._parts.actions.types.rate(actor_of(by), job_type, said, reason=reason)

    def key_rates(self) -> dict[str, Rate | None]:
        """How many jobs of a key may start in a time, where somebody said so; None: as many as come."""
        return self._parts.inspection.key_rates()

    def rate_key(
        self, key: str, rate: Rate | RateWord, *, reason: str = "", by: Caller = None
    ) -> Rate | RateWord:
        """Sets such a rate, for jobs that wait too: ``none`` for no rate, ``default`` as the jobs say."""
        said = rate if isinstance(rate, Rate) else RateWord(rate)
        return self._parts.actions.types.rate_key(actor_of(by), key, said, reason=reason)

    def freezes(self) -> list[FreezeState]:
        """Every maintenance window that was said and not lifted, and how it stands."""
        return self._parts.freezes.all()

    def freeze(self, freeze: Freeze, *, reason: str = "", by: Caller = None) -> FreezeState:
        """Lets nothing of something start in a time, or says a freeze of that name anew."""
        return self._parts.actions.freezes.set(actor_of(by), freeze, reason=reason)

    def lift_freeze(self, name: str, *, reason: str = "", by: Caller = None) -> None:
        """Ends one at once and for good; raises `InvalidRequest` (freeze_not_found) where there is none."""
        self._parts.actions.freezes.lift(actor_of(by), name, reason=reason)

    def breakers(self, most: int = 100) -> list[BreakerState]:
        """Destinations whose jobs are held back, at most so many, the longest first."""
        return self._parts.breakers.not_closed(most)

    def open_breaker(self, destination: str, *, reason: str = "", by: Caller = None) -> bool:
        """Holds the jobs for a destination back until somebody closes it; False if it was so before."""
        return self._parts.actions.breakers.open(actor_of(by), destination, reason=reason)

    def close_breaker(self, destination: str, *, reason: str = "", by: Caller = None) -> bool:
        """Lets them come back, twice as many each second; False if it was closed before."""
        return self._parts.actions.breakers.close(actor_of(by), destination, reason=reason)

    def fair_queues(self) -> dict[str, Fairness]:
        """Queues in which the jobs of each key, of each tenant say, take turns."""
        return self._parts.fair_queues.rules()

    def fair(
        self, queue: str, fairness: Fairness | None, *, reason: str = "", by: Caller = None
    ) -> Fairness | None:
        """Makes a queue fair; None makes it fair no more, and its jobs go in their order again."""
        return self._parts.actions.queues.fair(actor_of(by), queue, fairness, reason=reason)

    def quotas(self) -> list[QuotaState]:
        """The tenants with quotas: what each may use, and what it uses."""
        return self._parts.quotas.all()

    def quota(self, tenant: str) -> QuotaState | None:
        """How one tenant stands; None where it has no quota."""
        return self._parts.quotas.find(tenant)

    def set_quota(
        self, tenant: str, quota: Quota | None, *, reason: str = "", by: Caller = None
    ) -> QuotaState | None:
        """Says what a tenant may use, for jobs that wait too; None: as much as there is."""
        actions, actor = self._parts.actions.tenants, actor_of(by)
        if quota is not None:
            return actions.set_quota(actor, tenant, quota, reason=reason)
        actions.clear_quota(actor, tenant, reason=reason)
        return None

    def purge(self, queue: str, *, reason: str = "", by: Caller = None) -> int:
        """Cancels everything that waits in a queue; how many jobs."""
        return self._parts.actions.queues.purge(actor_of(by), queue, reason=reason).jobs


def _only_one(*names: str) -> str:
    """The name that was given; raises `InvalidOption` for none and for several."""
    given = [name for name in names if name]
    if len(given) != 1:
        raise InvalidOption("say one of queue, lane and job_type", field="queue")
    return given[0]
