"""Says in words why a job is not running, and how long it may take until it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import chain

from backend.domain.errors import QueueUnavailable
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.breaker_state import Breakers
from backend.domain.jobs.options.fairness import FairQueues
from backend.domain.jobs.options.job_labels import labels_of
from backend.domain.jobs.options.quota import Quotas, QuotaState, gates_of_tenant
from backend.domain.jobs.options.rate import RateState
from backend.domain.jobs.options.rate_share import ONE
from backend.domain.jobs.queue_name import Priority, QueueName
from backend.domain.jobs.queue_state import WorkerState
from backend.domain.ports import Inspection
from backend.domain.text.length_words import in_units
from backend.services.finding.breaker_words import breaker_details, breaker_words
from backend.services.finding.explanation import Cause, Explanation
from backend.services.finding.fair_words import fair_details, fair_words
from backend.services.finding.freeze_words import freeze_details, freeze_words, thaw_words
from backend.services.finding.quota_words import awaited_start, running_details, running_words
from backend.services.finding.rate_words import Awaited, rate_details, rate_words
from backend.services.finding.tenant_words import told_to_tenant
from backend.services.health.pause_words import pause_words, resume_command

#: A due job is promoted within milliseconds; later than this nobody promotes.
_LATE_SECONDS = 5.0
_MOST_NAMED = 10
#: Of those behind a rate: beyond that a job is told that all of them come first.
_MOST_LOOKED_AT = 1000
#: What puts a job off until a worker of another release takes it.
_OF_A_DEPLOY = frozenset({"unknown_job_type", "newer_version"})


class WhyService:
    """Looks at everything that can stand between a job and a worker."""

    def __init__(
        self,
        inspection: Inspection,
        breakers: Breakers,
        fair_queues: FairQueues,
        quotas: Quotas,
        now: Callable[[], datetime],
    ) -> None:
        self._look = inspection
        self._breakers = breakers
        self._fair = fair_queues
        self._quotas = quotas
        self._now = now

    def explain(self, job: JobView, of_tenant: str | None = None) -> Explanation:
        """Why ``job`` does not run, if it does not; tells ``of_tenant`` alone, where one is given."""
        if job.state is JobState.QUEUED:
            return self._queued(job) if of_tenant is None else self._queued_of(job, of_tenant)
        causes = self._told(self._not_waiting(job), of_tenant)
        return Explanation(job.state, None, 0, causes, causes[0].text if causes else "")

    def before(self, job: JobView, of_tenant: str | None = None) -> list[Cause]:
        """What would keep a job from starting that is not there yet, but for its turn in a fair queue."""
        held = (
            self._pauses(job),
            self._freezes(job),
            self._breaker(job),
            self._gates(job, of_tenant),
            self._quota(job, of_tenant),
        )
        return self._told([*chain.from_iterable(held), *self._workers(job)], of_tenant)

    def _told(self, causes: Iterable[Cause], of_tenant: str | None) -> list[Cause]:
        if of_tenant is None:
            return list(causes)
        now = self._now()
        return [told_to_tenant(cause, now) for cause in causes]

    def explain_found(
        self, found: JobView | JobHistory, of_tenant: str | None = None
    ) -> Explanation:
        """Why a job that was found in Redis or on record does not run.

        Tells ``of_tenant`` alone, where one is given. Raises `QueueUnavailable` when only Redis could say
        how the job is now.
        """
        if isinstance(found, JobView):
            return self.explain(found, of_tenant)
        state = found.job.state
        try:
            now = self._look.jobs([found.job.id])
        except QueueUnavailable:
            if not state.is_final:
                raise
            away = f"on record it is {state}; Redis cannot be asked whether it holds it still"
            return Explanation(state, None, 0, [], away)
        if now:
            return self.explain(now[0], of_tenant)
        return Explanation(state, None, 0, [], f"it is {state}; Redis does not hold it any more")

    def _not_waiting(self, job: JobView) -> Iterator[Cause]:
        if job.state is JobState.SCHEDULED:
            yield from self._scheduled(job)
        elif job.state is JobState.STARTED:
            yield from self._started(job)
        elif job.state is JobState.FAILED:
            reason = f"{job.error.error}: {job.error.message}" if job.error else "no error is kept"
            yield Cause("failed", f"it failed for good and waits for a person: {reason}", {})
            yield from self._kept_out(job)
        elif job.state is JobState.DEFERRED:
            yield Cause("deferred", "it waits for the jobs it depends on", {})
        else:
            yield Cause("ended", f"it is {job.state}", {})

    def _scheduled(self, job: JobView) -> Iterator[Cause]:
        if job.run_at is None:
            yield Cause("scheduled", "its time has just come", {})
            return
        ahead = (job.run_at - self._now()).total_seconds()
        details = {"run_at": job.run_at.isoformat(), "seconds": round(ahead, 3)}
        if ahead < -_LATE_SECONDS:
            yield Cause(
                "scheduler_missing",
                f"it was due {in_units(-ahead)} ago, but no scheduler promotes jobs; "
                "start `tally scheduler`",
                details,
            )
        elif job.error is not None and job.error.reason in _OF_A_DEPLOY:
            told = f"{job.error.message}; it is looked at again in {in_units(max(0, ahead))}"
            yield Cause(job.error.reason, told, details)
        elif job.attempt:
            yield Cause(
                "retry_later",
                f"attempt {job.attempt} of {job.max_attempts} went wrong; the next is due in "
                f"{in_units(max(0, ahead))}",
                details,
            )
        elif job.scope is not None and job.scope.longest_wait_seconds:
            longest = in_units(job.scope.longest_wait_seconds)
            told = (
                f"it is due in {in_units(max(0, ahead))}; each job that is the same puts it off, up to "
                f"{longest} from when it was accepted"
            )
            yield Cause("debounced", told, details)
        else:
            yield Cause("due_later", f"it is due in {in_units(max(0, ahead))}", details)

    def _kept_out(self, job: JobView) -> Iterator[Cause]:
        """Who holds the key of a dead job that would share it."""
        holder = self._look.holder_of(job.scope) if job.scope else ""
        if holder not in {"", job.id}:
            text = f"job {holder}, which is the same, holds the key that they share"
            yield Cause("kept_out", f"{text}: it is sent home only --anyway", {"holder": holder})

    def _started(self, job: JobView) -> Iterator[Cause]:
        alive = {worker.name for worker in self._look.workers() if worker.state != "lost"}
        if job.worker and job.worker not in alive:
            yield Cause(
                "worker_lost",
                f"its worker {job.worker} is gone; it runs again when its lease has ended",
                {"worker": job.worker},
            )
        elif job.cancel_asked:
            yield Cause("cancel_asked", "it runs, and was asked to stop", {"worker": job.worker})
        else:
            yield Cause("running", f"it runs on {job.worker}", {"worker": job.worker})

    def _queued_of(self, job: JobView, of_tenant: str) -> Explanation:
        """How many jobs of others wait is no business of a tenant's, nor is that there are none."""
        turn = self._told(self._turn(job), of_tenant)
        causes = [*self.before(job, of_tenant), *turn]
        position = turn[0].details["before"] if turn else None
        text = "; ".join(cause.text for cause in causes) or "it waits for its turn"
        return Explanation(job.state, position, None, causes, text)

    def _queued(self, job: JobView) -> Explanation:
        causes = [*self.before(job), *self._turn(job)]
        position = self._look.position(job.id, job.queue)
        elsewhere = self._more_urgent(job.queue)
        if causes:
            text = "; ".join(cause.text for cause in causes)
        elif not position and not elsewhere:
            text = "it is next in line"
        else:
            text = f"{position or 0} jobs of its queue and {elsewhere} more urgent ones come first"
        return Explanation(job.state, position, elsewhere, causes, text)

    def _pauses(self, job: JobView) -> Iterator[Cause]:
        for pause in self._look.pauses():
            if pause.holds(job.queue) or pause.what == f"type:{job.job_type}":
                since = pause.since.isoformat() if pause.since else None
                yield Cause(
                    "paused",
                    f"{pause_words(pause, self._now())}: {resume_command(pause)}",
                    {"what": pause.what, "by": pause.by, "reason": pause.reason, "since": since},
                )

    def _freezes(self, job: JobView) -> Iterator[Cause]:
        now, tenant = self._now(), labels_of(job.options).tenant
        for window in self._look.frozen():
            if window.concerns(queue=job.queue, job_type=job.job_type, tenant=tenant):
                if window.holds(now):
                    yield Cause("frozen", freeze_words(window, now), freeze_details(window))
                elif window.lets_out(now):
                    yield Cause("thawing", thaw_words(window, now), freeze_details(window))

    def _gates(self, job: JobView, of_tenant: str | None) -> Iterator[Cause]:
        most = self._look.limits().get(job.job_type)
        if most:
            words = f"the job type {job.job_type}"
            yield from self._gate(f"type:{job.job_type}", most, words, of_tenant)
        yield from self._rates(job)
        if job.limit_key:
            key = job.limit_key
            if most := self._look.key_limits().get(key, job.limit):
                yield from self._gate_of_key(job, most, of_tenant)

    def _quota(self, job: JobView, of_tenant: str | None) -> Iterator[Cause]:
        tenant = labels_of(job.options).tenant
        found = self._quotas.find(tenant) if tenant else None
        if found is None:
            return
        most, (run, _) = found.quota.running, gates_of_tenant(found.tenant)
        if most is not None and found.running >= most:
            holders, _ = self._look.gate(run)
            named = self._named(holders[:_MOST_NAMED], of_tenant)
            text, details = running_words(found, named), running_details(found, named)
            yield Cause("quota_running", text, details)
        yield from self._quota_starts(job, found)

    def _quota_starts(self, job: JobView, found: QuotaState) -> Iterator[Cause]:
        _, start = gates_of_tenant(found.tenant)
        place = self._look.parked(start, 0, _MOST_LOOKED_AT)
        before = place.index(job.id) if job.id in place else len(place)
        awaited = awaited_start(found, len(place), before, self._now())
        if awaited is not None and (place or found.opens_at):
            yield Cause("quota_starts", rate_words(awaited), rate_details(awaited))

    def _breaker(self, job: JobView) -> Iterator[Cause]:
        found = self._breakers.find(job.destination) if job.destination else None
        if found is not None and not found.keeps_nobody:
            text = breaker_words(found, self._now())
            yield Cause("breaker_open", text, breaker_details(found))

    def _turn(self, job: JobView) -> Iterator[Cause]:
        place = self._fair.place(job.id)
        if place is not None and (place.before or place.lines_before):
            fairness = self._fair.rules().get(job.queue)
            details = fair_details(job.queue, place, fairness)
            yield Cause("fair_turn", fair_words(place, fairness), details)

    def _rates(self, job: JobView) -> Iterator[Cause]:
        share = job.rate_share
        for name, own in ((job.job_type, None), (share.key, share.rate)):
            found = self._look.rate_state(name, own) if name else None
            if found is not None:
                yield from self._rate(job, name, found)

    def _rate(self, job: JobView, name: str, found: RateState) -> Iterator[Cause]:
        weight, now = min(job.rate_share.weight_at(name), found.rate.at_once), self._now()
        if found.waiting or found.opens_at or found.starts_at(weight, now) > now:
            place = self._look.parked(f"rate:{name}", 0, _MOST_LOOKED_AT)
            ahead = place[: place.index(job.id)] if job.id in place else place
            before = len(ahead) if job.id in place else found.waiting
            units = before if job.rate_share == ONE else self._units(ahead, name, found)
            awaited = Awaited(name, found, before, units, weight, now)
            yield Cause("rate_used_up", rate_words(awaited), rate_details(awaited))

    def _units(self, job_ids: list[str], name: str, found: RateState) -> int:
        shares = (job.rate_share for job in self._look.jobs(job_ids))
        return sum(min(share.weight_at(name), found.rate.at_once) for share in shares)

    def _gate_of_key(self, job: JobView, most: int, of_tenant: str | None) -> Iterator[Cause]:
        gate, words = f"key:{job.limit_key}", f"the key {job.limit_key!r}"
        if not job.hold:
            yield from self._gate(gate, most, words, of_tenant)
            return
        holders, waiting = self._look.gate(gate)
        if job.id in holders or len(holders) < most:
            return
        named = self._named(holders[:_MOST_NAMED], of_tenant)
        yield Cause(
            "limit_full",
            f"of {words} {most} at once may be under way, each from its first start until it has ended, "
            f"and {len(holders)} are" + (f": {', '.join(named)}" if named else ""),
            {"gate": gate, "limit": most, "holders": named, "waiting": waiting, "hold": "job"},
        )

    def _gate(self, gate: str, most: int, words: str, of_tenant: str | None) -> Iterator[Cause]:
        holders, waiting = self._look.gate(gate)
        if len(holders) < most:
            return
        named = self._named(holders[:_MOST_NAMED], of_tenant)
        yield Cause(
            "limit_full",
            f"{words} may run {most} at once, and {len(holders)} do"
            + (f": {', '.join(named)}" if named else ""),
            {"gate": gate, "limit": most, "holders": named, "waiting": waiting},
        )

    def _named(self, ids: list[str], of_tenant: str | None) -> list[str]:
        """Those that may be told of: which jobs another tenant has is no business of this one."""
        if of_tenant is None:
            return ids
        return [job.id for job in self._look.jobs(ids) if job.labels.tenant == of_tenant]

    def _workers(self, job: JobView) -> Iterator[Cause]:
        serving = [worker for worker in self._look.workers() if _serves(worker, job.queue)]
        if not serving:
            yield Cause(
                "no_worker",
                f"no live worker serves the queue {job.queue}; start one with "
                f"./scripts/workers/start-workers.sh {QueueName.parse(job.queue).lane}",
                {"queue": job.queue},
            )
        elif all(worker.busy_slots >= worker.slots for worker in serving):
            slots = sum(worker.slots for worker in serving)
            yield Cause(
                "workers_busy",
                f"all {slots} slots of {len(serving)} workers are busy",
                {"slots": slots, "workers": [worker.name for worker in serving][:_MOST_NAMED]},
            )

    def _more_urgent(self, queue: str) -> int:
        name = QueueName.parse(queue)
        before = [str(QueueName(priority, name.lane)) for priority in Priority]
        names = before[: before.index(queue)] if queue in before else []
        states = self._look.queue_states(names) if names else []
        return sum(state.counts[JobState.QUEUED] - state.parked for state in states)


def _serves(worker: WorkerState, queue: str) -> bool:
    return queue in worker.queues and worker.state != "lost" and not worker.stopping
