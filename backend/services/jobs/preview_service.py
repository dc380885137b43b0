"""Says what would happen to jobs, enqueues nothing; then, if wanted, enqueues exactly what it said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from backend.domain.errors import InvalidOption, InvalidRequest, Unavailable
from backend.domain.jobs.derived_job_id import derived_job_id
from backend.domain.jobs.job import EnqueueReply, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import under_another_id
from backend.domain.jobs.options.job_options import JobOptions, OwnOptions
from backend.domain.jobs.options.job_terms import terms_of
from backend.domain.jobs.plans.job_preview import GatePreview, JobPreview, Plan
from backend.domain.jobs.plans.plan_token import PlanToken, token_for
from backend.domain.jobs.queue_state import QueueState
from backend.domain.ports import Inspection, JobQueue
from backend.services.jobs.job_intake import JobIntake
from backend.services.jobs.job_options import JobRequest
from backend.services.jobs.kept_plans import PLAN_LIFETIME

#: The middle of the jitter.
_EVEN = 0.5


class _Live(NamedTuple):
    """What Redis says now; empty where it could not be asked."""

    queues: Mapping[str, QueueState]
    limits: Mapping[str, int]
    paused: frozenset[str]
    answered: bool


class PreviewService:
    """Previews single jobs and plans of many."""

    def __init__(
        self,
        intake: JobIntake,
        inspection: Inspection,
        queue: JobQueue,
        *,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._intake = intake
        self._look = inspection
        self._queue = queue
        self._new_id = new_id
        self._now = now

    def preview_jobs(self, requests: Sequence[JobRequest], own: OwnOptions | None = None) -> Plan:
        """Looks at requests, as `enqueue_many` takes them. Works without Redis as well."""
        checked = [self._checked(request, own) for request in requests]
        jobs = [job for job in checked if isinstance(job, NewJob)]
        live = self._ask(sorted({str(job.queue) for job in jobs}))
        previews = [
            self._preview(place, job, live) if isinstance(job, NewJob) else _refusal(place, job)
            for place, job in enumerate(checked)
        ]
        whole = bool(jobs) and len(jobs) == len(checked)
        return Plan(previews, str(token_for(self._new_id(), jobs)) if whole else None)

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
        jobs = [self._intake.check_request(request, own) for request in requests]
        if token_for(plan.id, jobs) != plan:
            raise InvalidOption(
                "these are not the jobs that were previewed; look at the plan again", field="plan"
            )
        if labels:
            jobs = [self._intake.check_request({**labels, **request}, own) for request in requests]
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

    def _ask(self, queues: Sequence[str]) -> _Live:
        try:
            states = {state.name: state for state in self._look.queue_states(queues)}
            return _Live(states, self._look.limits(), frozenset(self._look.paused()), answered=True)
        except Unavailable:
            return _Live({}, {}, frozenset(), answered=False)

    def _preview(self, place: int, job: NewJob, live: _Live) -> JobPreview:
        kind = self._intake.catalogue.get(job.job_type)
        run_at = self._run_at(job)
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
            limits=tuple(self._gates(job, live)),
            is_paused=_is_paused(job, state, live),
            ahead=state.counts[JobState.QUEUED] if state else None,
            options=job.options,
        )

    def _run_at(self, job: NewJob) -> datetime | None:
        now = self._now()
        run_at = now + timedelta(seconds=job.delay) if job.delay > 0 else job.run_at
        return run_at if run_at is not None and run_at > now else None

    def _gates(self, job: NewJob, live: _Live) -> list[GatePreview]:
        gates = []
        if job.job_type in live.limits:
            gates.append((f"type:{job.job_type}", live.limits[job.job_type]))
        if job.limit_key:
            gates.append((f"key:{job.limit_key}", job.limit))
        return [self._gate(gate, most, live) for gate, most in gates]

    def _gate(self, gate: str, most: int, live: _Live) -> GatePreview:
        if not live.answered:
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
