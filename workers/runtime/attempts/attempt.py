"""One attempt of one job, from its stored form to an outcome. The hot path: a list of steps."""

from __future__ import annotations

import inspect
import json
import random
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import BaseModel, ValidationError

from backend.domain.jobs.attempts.leaves import leaves_of
from backend.domain.jobs.attempts.outcome import (
    MISREADINGS,
    AttemptError,
    Outcome,
    OutcomeKind,
    damage_of,
    decide_failure,
    malformed,
    unsendable,
    words_of,
)
from backend.domain.jobs.attempts.reachability import unreached
from backend.domain.jobs.attempts.retry_policy import RetryPolicy
from backend.domain.jobs.attempts.retry_rules import (
    NO_ADVICE,
    Advice,
    Answer,
    Failure,
    Retry,
    checked_answer,
)
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.bounds import RESULT_BYTES
from backend.domain.jobs.options.job_terms import terms_in
from backend.telemetry.logs.logger import Logger
from backend.telemetry.logs.masking import secret_values
from backend.telemetry.logs.running_job import RUNNING
from backend.telemetry.logs.secret_texts import MASK
from workers.base_worker import JobContext, StopRequested
from workers.job_types.arguments import call_with_fields
from workers.job_types.returned import adapter_of, model_of
from workers.runtime.attempts.attempt_error import PayloadRefused, describe, without_input
from workers.runtime.attempts.attempt_hooks import AttemptHooks, attempt_hooks
from workers.runtime.attempts.results import result_encoder
from workers.runtime.children.forked_copy import end_copy

if TYPE_CHECKING:
    from workers.runtime.attempts.own_loop import OwnLoop

log = Logger("tally.worker")


class Prepared(NamedTuple):
    """A job type as the hot path needs it: everything that can be known before a job comes."""

    job_type: JobType
    call: Callable[..., Any]
    takes_context: bool
    takes_payload: bool
    model: type[BaseModel] | None
    to_json: Callable[[Any], str]
    #: Middleware around its attempts; None for none.
    hooks: AttemptHooks | None = None
    #: The same without them; None where there are none.
    bare: Prepared | None = None


def prepare(
    job_type: JobType,
    worker: Any,
    max_result_bytes: int = RESULT_BYTES,
    own_loop: OwnLoop | None = None,
) -> Prepared:
    """Binds a job type to the instance of its worker (None for a plain function).

    With ``own_loop`` an async handler is one that can be called: it runs to its end there.
    """
    call = job_type.handler if worker is None else job_type.handler.__get__(worker)
    if job_type.takes_arguments:
        call = call_with_fields(call)
    parameters = len(inspect.signature(call).parameters)
    hooks = attempt_hooks(job_type.name)
    if hooks is not None and job_type.is_async:
        call, hooks = hooks.surrounding(call), None
    if own_loop is not None and job_type.is_async:
        call = own_loop.running(call)
    bare = Prepared(
        job_type,
        call,
        takes_context=parameters > 1,
        takes_payload=parameters > 0,
        model=job_type.payload,
        to_json=result_encoder(max_result_bytes, adapter_of(job_type.handler)),
    )
    return bare if hooks is None else bare._replace(hooks=hooks, bare=bare)


def run(prepared: Prepared, job: ClaimedJob, context: JobContext) -> Outcome:
    """Decodes, calls, encodes; whatever is raised becomes an outcome."""
    started = time.perf_counter()
    try:
        payload = _payload(prepared, job)
        result = copy_context().run(_called, prepared, payload, context)
        end_copy()
        body = "" if result is None else prepared.to_json(result)
    except BaseException as raised:  # noqa: BLE001 - even SystemExit is the job's, not ours
        end_copy(raised)
        return _failed(prepared, job, context, raised, started)
    log = kept_log(prepared.job_type, job, context)
    return Outcome(OutcomeKind.FINISHED, body, run_seconds=time.perf_counter() - started, log=log)


async def run_awaited(
    prepared: Prepared,
    job: ClaimedJob,
    context: JobContext,
    meant: Callable[[BaseException], BaseException],
) -> Outcome:
    """The same for an async handler, in a task that has a context of its own.

    ``meant`` says what a cancellation stands for.
    """
    started = time.perf_counter()
    try:
        result = await _called(prepared, _payload(prepared, job), context)
        end_copy()
        body = "" if result is None else prepared.to_json(result)
    except BaseException as raised:  # noqa: BLE001 - even SystemExit is the job's, not ours
        end_copy(raised)
        return _failed(prepared, job, context, meant(raised), started)
    log = kept_log(prepared.job_type, job, context)
    return Outcome(OutcomeKind.FINISHED, body, run_seconds=time.perf_counter() - started, log=log)


def _failed(
    prepared: Prepared, job: ClaimedJob, context: JobContext, raised: BaseException, started: float
) -> Outcome:
    return ended_by(raised, prepared.job_type, job, context, time.perf_counter() - started)


def ended_by(
    raised: BaseException, kind: JobType, job: ClaimedJob, context: JobContext, run_seconds: float
) -> Outcome:
    """The outcome of an attempt that began and was ended by what was raised, with what it had logged.

    Wherever that was raised: an attempt whose log nobody takes would be watched for ever.
    """
    failed = failure(job, raised, context.canceled, kind)
    return failed._replace(run_seconds=run_seconds, log=kept_log(kind, job, context))


def _payload(prepared: Prepared, job: ClaimedJob) -> Any:
    # Decoded here: `json` would first find out in which of five codes it is written.
    payload = json.loads(job.data.decode("utf-8", "surrogatepass"))[2][1]
    return payload if prepared.model is None else _checked(prepared.model, payload)


def _checked(model: type[BaseModel], payload: Any) -> BaseModel:
    """The payload was good when it was enqueued; the job type may have changed since."""
    try:
        return model_of(model, payload)
    except ValidationError as error:
        raise PayloadRefused(without_input(error)) from None


def _called(prepared: Prepared, payload: Any, context: JobContext) -> Any:
    """In a context of its own: what a handler sets in it, the next job of this slot does not see."""
    RUNNING.set(context)
    if prepared.hooks is not None and prepared.bare is not None:
        with prepared.hooks.around(context):
            return _called(prepared.bare, payload, context)
        return None
    if prepared.takes_context:
        return prepared.call(payload, context)
    return prepared.call(payload) if prepared.takes_payload else prepared.call()


def kept_log(kind: JobType, job: ClaimedJob, context: JobContext) -> str:
    """What an attempt that is over logged, without the payload's secrets."""
    if context.written is None:
        return ""
    context.written.is_over = True
    kept = context.written.kept()
    for secret in secrets_of(kind, job):
        kept = kept.replace(json.dumps(secret, ensure_ascii=False)[1:-1], MASK)
    return kept


def secrets_of(kind: JobType, job: ClaimedJob) -> set[str]:
    """What the payload holds in the fields that its job type calls secret."""
    if not kind.secret_fields:
        return set()
    try:
        return secret_values(kind.secret_fields, json.loads(job.data)[2][1])
    except MISREADINGS:
        return set()


def unbegun(job: ClaimedJob, problem: Exception) -> Outcome:
    """The outcome of an attempt for which no context could be made, most often for what the job carries."""
    if isinstance(problem, MISREADINGS):
        return malformed(damage_of(problem))
    return failure(job, problem, canceled=False)


def failure(
    job: ClaimedJob, raised: BaseException, canceled: bool, kind: JobType | None = None
) -> Outcome:
    """The outcome of an attempt that raised, whatever it was: this itself never raises.

    Without its ``kind`` a job is tried again by its policy alone.
    """
    try:
        return _decided(job, raised, canceled, kind)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - it must not end the slot
        return unsendable(Outcome(OutcomeKind.RETRIED), problem)


def _decided(
    job: ClaimedJob, raised: BaseException, canceled: bool, kind: JobType | None
) -> Outcome:
    if any(isinstance(leaf, StopRequested) for leaf in leaves_of(raised)):
        outcome = OutcomeKind.CANCELED if canceled else OutcomeKind.RELEASED
        return Outcome(outcome, error=AttemptError("stopped", "StopRequested", words_of(raised)))
    decided = decide_failure(
        raised,
        describe(raised, secrets_of(kind, job) if kind else ()),
        policy=retry_policy(job),
        failures_before=job.failures,
        chance=random.random(),  # noqa: S311 - jitter, not a secret
        advice=_advice(kind.retry_rules, job, raised) if kind and kind.retry_rules else NO_ADVICE,
    )
    if kind is None or kind.breaker is None:
        return decided
    return decided._replace(unreached=unreached(raised, kind.breaker))


def _advice(rules: Retry, job: ClaimedJob, raised: BaseException) -> Advice:
    """What the rules of the job type say; one that itself raises has no opinion."""
    answer: Answer = None
    if rules.when is not None:
        asked = Failure(raised, job.id, job.job_type, job.attempt, job.failures + 1)
        try:
            answer = checked_answer(rules.when(asked))
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - the job's own failure must not be lost
            log.warning(
                "retry_rule.failed",
                job_id=job.id,
                job_type=job.job_type,
                error=f"{type(problem).__name__}: {words_of(problem)}",
            )
    return rules.advice(raised, answer)


def retry_policy(job: ClaimedJob) -> RetryPolicy:
    """The policy that was fixed when the job was enqueued."""
    return terms_in(job.options).retry_policy(job.max_attempts)
