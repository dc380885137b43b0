"""Says what would happen to jobs, enqueues nothing; then, if wanted, enqueues exactly what it said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from backend.domain.access.taken_name import taken_name
from backend.domain.errors import IdempotencyConflict, InvalidOption, InvalidRequest, Unavailable
from backend.domain.history.history_record import JobHistory
from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job import EnqueueReply, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.breaker import DESTINATION
from backend.domain.jobs.options.fairness import FAIR_BY
from backend.domain.jobs.options.follow_ups import under_another_id
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.jobs.options.unique import OnConflict
from backend.domain.jobs.plans.job_preview import (
    Forecast,
    GateAhead,
    GatePreview,
    JobPreview,
    Plan,
)
from backend.domain.jobs.plans.plan_token import PlanToken, token_for
from backend.domain.jobs.plans.twin import Twin, TwinBy
from backend.domain.jobs.queue_state import QueueState
from backend.domain.ports import Inspection, JobQueue
from backend.services.finding.start_forecast import QUOTA_WAITING, StartForecast
from backend.services.jobs.job_intake import JobIntake
from backend.services.jobs.job_options import JobRequest
from backend.services.jobs.kept_plans import PLAN_LIFETIME
from backend.services.jobs.replay_service import asked_again

#: The middle of the jitter.
_EVEN = 0.5
#: Of a plan in which very many different things stand before jobs the first so many are looked at.
_MOST_FORECASTS = 200
#: The options of a job that decide, beside queue and type, what stands before it.
_DECIDE = ("limit_key", "limit", DESTINATION, *FAIR_BY)


class _Live(NamedTuple):
    """What Redis says now; empty where it could not be asked."""

    queues: Mapping[str, QueueState]
    limits: Mapping[str, int]
    paused: frozenset[str]
    answered: bool
    #: By id of the job that is asked for.
    twins: Mapping[str, Twin | None]
    #: Those of them that are another tenant's.
    foreign: frozenset[str]
    #: What stands before jobs, by what decides that.
    forecasts: dict[tuple[Any, ...], Forecast]
    #: The first of the plan that has a unique key.
    first: dict[str, int]


class PreviewService:
    """Previews single jobs and plans of many."""

    def __init__(
        self,
        intake: JobIntake,
        inspection: Inspection,
        queue: JobQueue,
        *,
        forecast: StartForecast,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._forecast = forecast
        self._intake = intake
        self._look = inspection
        self._queue = queue
        self._new_id = new_id
        self._now = now

    def preview_jobs(
        self,
        requests: Sequence[JobRequest],
        own: OwnOptions | None = None,
        of_tenant: str | None = None,
    ) -> Plan:
        """Looks at requests, as `enqueue_many` takes them. Works without Redis as well.

        Tells ``of_tenant`` alone, where one is given: nothing of other tenants, nor what operators said.
        """
        checked = [self._checked(request, own) for request in requests]
        jobs = [job for job in checked if isinstance(job, NewJob)]
        live = self._ask(jobs, of_tenant)
        previews = [
            self._preview(place, job, live, of_tenant)
            if isinstance(job, NewJob)
            else _refusal(place, job)
            for place, job in enumerate(checked)
        ]
        whole = bool(jobs) and all(preview.is_valid for preview in previews)
        return Plan(previews, str(token_for(self._new_id(), jobs)) if whole else None)

    def preview_replay(
        self, old: JobHistory, own: OwnOptions | None = None, of_tenant: str | None = None
    ) -> JobPreview:
        """Looks at a job of the record as if it were replayed now."""
        try:
            job = asked_again(self._intake, old, own=own)
        except InvalidRequest as error:
            return _refusal(0, error)
        return self._preview(0, job, self._ask([job], of_tenant), of_tenant)

    def enqueue_plan(
        self,
        requests: Sequence[JobRequest],
        token: str,
        labels: JobOptions | None = None,
        own: OwnOptions | None = None,
    ) -> list[EnqueueReply]:
        """Enqueues the requests of a preview; the same token again gives the same jobs.

        ``labels`` are options that each job gets which does not have its own: they change nothing of
        what was shown, as ``trace_id``, ``context_id`` and ``callback_url``.
        Raises `InvalidOption` when what would be enqueued now is not what was previewed, because the
        requests or the configuration changed, or when the preview is too old.
        """
        plan = PlanToken.parse(token)
        age = self._now().timestamp() - plan.made_at_ms / 1000
        if age > PLAN_LIFETIME:
            raise InvalidOption("this preview is too old; look at the plan again", field="plan")
        jobs = self._intake.check_requests(requests, own)
        if token_for(plan.id, jobs) != plan:
            raise InvalidOption(
                "these are not the jobs that were previewed; look at the plan again", field="plan"
            )
        if labels:
            labelled: list[dict[str, Any]] = [{**labels, **request} for request in requests]
            jobs = self._intake.check_requests(labelled, own)
        named = [
            _named(place, job, request, plan)
            for place, (job, request) in enumerate(zip(jobs, requests, strict=True))
        ]
        return self._queue.enqueue(named)

    def _checked(self, request: JobRequest, own: OwnOptions | None) -> NewJob | InvalidRequest:
        try:
            return self._intake.check_request(request, own)
        except InvalidRequest as error:
            return error

    def _ask(self, jobs: Sequence[NewJob], of_tenant: str | None) -> _Live:
        queues = sorted({str(job.queue) for job in jobs})
        try:
            states = {state.name: state for state in self._look.queue_states(queues)}
            twins = dict(zip((job.id for job in jobs), self._look.twins(jobs), strict=True))
            foreign = self._foreign(twins.values(), of_tenant)
            limits, paused = self._look.limits(), frozenset(self._look.paused())
            return _Live(states, limits, paused, True, twins, foreign, {}, {})
        except Unavailable:
            return _Live({}, {}, frozenset(), False, {}, frozenset(), {}, {})

    def _foreign(self, twins: Iterable[Twin | None], of_tenant: str | None) -> frozenset[str]:
        """Costs nothing for those who may see all."""
        ids = [twin.job_id for twin in twins if twin is not None] if of_tenant is not None else []
        found = self._look.jobs(list(dict.fromkeys(ids))) if ids else []
        return frozenset(job.id for job in found if job.labels.tenant != of_tenant)

    def _preview(self, place: int, job: NewJob, live: _Live, of_tenant: str | None) -> JobPreview:
        twin = live.twins.get(job.id) or _twin_in_plan(place, job, live)
        if twin is not None and twin.job_id in live.foreign:
            return _refusal(place, taken_name(job.id if twin.job_id == job.id else None))
        if twin is not None and twin.is_conflict:
            return _refusal(place, IdempotencyConflict(twin.words, job_id=twin.job_id))
        kind = self._intake.catalogue.get(job.job_type)
        run_at = self._run_at(job)
        gates, starts_about = self._forecast_of(job, run_at, live, of_tenant)
        if gates and twin is not None:
            # The one that is there answers it, whether there is room for another or not.
            gates = tuple(gate for gate in gates if gate.code != QUOTA_WAITING)
        state = live.queues.get(str(job.queue))
        retry = terms_of(job.options).retry_policy(job.max_attempts)
        return JobPreview(
            place=place,
            is_valid=True,
            job_type=job.job_type,
            version=kind.version,
            queue=str(job.queue),
            state=JobState.SCHEDULED if run_at else JobState.QUEUED,
            run_at=run_at,
            expires_at=job.expires_at,
            max_attempts=job.max_attempts,
            retry_delays=tuple(retry.delay_after(n, _EVEN) for n in range(1, job.max_attempts)),
            timeout=job.timeout,
            hard_timeout=job.timeout + kind.grace,
            isolation=kind.isolation.value,
            payload_bytes=len(job.payload.encode()),
            limits=tuple(self._gates(job, live, counts=of_tenant is None)),
            is_paused=_is_paused(job, state, live),
            ahead=state.counts[JobState.QUEUED] if state and of_tenant is None else None,
            options=job.options,
            gates=gates,
            starts_about=starts_about if twin is None else None,
            twin=twin,
        )

    def _forecast_of(
        self, job: NewJob, run_at: datetime | None, live: _Live, of_tenant: str | None
    ) -> tuple[tuple[GateAhead, ...] | None, datetime | None]:
        """One look for all jobs of a plan before which the same stands."""
        before = (str(job.queue), job.job_type, run_at, *map(job.options.get, _DECIDE))
        if before not in live.forecasts:
            if not live.answered or len(live.forecasts) >= _MOST_FORECASTS:
                return None, None
            live.forecasts[before] = self._forecast.of(job, run_at, of_tenant)
        found = live.forecasts[before]
        return found.gates, found.starts_about

    def _run_at(self, job: NewJob) -> datetime | None:
        now = self._now()
        run_at = now + timedelta(seconds=job.delay) if job.delay > 0 else job.run_at
        return run_at if run_at is not None and run_at > now else None

    def _gates(self, job: NewJob, live: _Live, *, counts: bool) -> list[GatePreview]:
        gates = []
        if job.job_type in live.limits:
            gates.append((f"type:{job.job_type}", live.limits[job.job_type]))
        if job.limit_key:
            gates.append((f"key:{job.limit_key}", job.limit))
        return [self._gate(gate, most, counts=counts and live.answered) for gate, most in gates]

    def _gate(self, gate: str, most: int, *, counts: bool) -> GatePreview:
        if not counts:
            return GatePreview(gate, most, None, None)
        holders, waiting = self._look.gate(gate)
        return GatePreview(gate, most, len(holders), waiting)


def _is_paused(job: NewJob, state: QueueState | None, live: _Live) -> bool | None:
    if not live.answered:
        return None
    named = {"all", f"type:{job.job_type}", f"lane:{job.queue.lane}", f"queue:{job.queue}"}
    return bool(named & live.paused) or (state is not None and state.paused)


def _refusal(place: int, error: InvalidRequest) -> JobPreview:
    told = {"code": error.code, "message": str(error), **error.details}
    return JobPreview(place=place, is_valid=False, error=told)


def _twin_in_plan(place: int, job: NewJob, live: _Live) -> Twin | None:
    """One that comes before it in the plan and is the same."""
    if job.scope is None:
        return None
    first = live.first.setdefault(job.scope.key, place)
    if first == place:
        return None
    replaced = job.scope.on_conflict != OnConflict.KEEP
    return Twin("", TwinBy.UNIQUE, job.scope, replaced, place=first)


def _named(place: int, job: NewJob, request: JobRequest, plan: PlanToken) -> NewJob:
    """The job with an id, and where it has none a unique key, that follow from the plan."""
    purpose = f"plan:{place}"
    job_id = job.id if request.get("job_id") else derived_job_id(plan.id, purpose)
    options = under_another_id(job.options, job_id)
    if job.unique_key:
        return job._replace(id=job_id, options=options)
    # The id alone would let a job run twice that finished, and left Redis, before the second call.
    key = f"{plan.id}:{place}"
    return job._replace(id=job_id, options=options, unique_key=key, unique_window=PLAN_LIFETIME)
