"""One attempt of one job, from its stored form to an outcome. The hot path: a list of steps."""

from __future__ import annotations

import inspect
import json
import random
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from backend.domain.errors import JobSignal, PermanentFailure
from backend.domain.job import ClaimedJob
from backend.domain.job_type import JobType
from backend.domain.outcome import AttemptError, Outcome, OutcomeKind, decide_failure
from backend.domain.retry_policy import RetryPolicy
from workers.base_worker import JobContext, StopRequested, TimeLimitReached

_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
#: Frames above the handler's own are ours and tell its author nothing.
_TRACEBACK_LIMIT = 40
_TRACEBACK_BYTES = 16 * 1024


class HardLimitReached(Exception):
    """An isolated job ignored its soft limit and was killed at the hard one."""


class Prepared(NamedTuple):
    """A job type as the hot path needs it: everything that can be known before a job comes."""

    job_type: JobType
    call: Callable[..., Any]
    takes_context: bool
    takes_payload: bool
    model: type[BaseModel] | None


def prepare(job_type: JobType, worker: Any) -> Prepared:
    """Binds a job type to the instance of its worker (None for a plain function)."""
    call = job_type.handler if worker is None else job_type.handler.__get__(worker)
    parameters = len(inspect.signature(call).parameters)
    return Prepared(job_type, call, parameters > 1, parameters > 0, job_type.payload)


def run(prepared: Prepared, job: ClaimedJob, context: JobContext) -> Outcome:
    """Decodes, calls, encodes; whatever is raised becomes an outcome."""
    started = time.perf_counter()
    try:
        payload = json.loads(job.data)[2][1]
        if prepared.model is not None:
            payload = prepared.model.model_validate(payload)
        result = _called(prepared, payload, context)
        body = "" if result is None else _to_json(result)
    except BaseException as raised:  # noqa: BLE001 - even SystemExit is the job's, not ours
        outcome = failure(job, raised, context.canceled)
    else:
        outcome = Outcome(OutcomeKind.FINISHED, body)
    return outcome._replace(run_seconds=time.perf_counter() - started)


def _called(prepared: Prepared, payload: Any, context: JobContext) -> Any:
    if prepared.takes_context:
        return prepared.call(payload, context)
    return prepared.call(payload) if prepared.takes_payload else prepared.call()


def failure(job: ClaimedJob, raised: BaseException, canceled: bool) -> Outcome:
    """The outcome of an attempt that raised."""
    if isinstance(raised, StopRequested):
        kind = OutcomeKind.CANCELED if canceled else OutcomeKind.RELEASED
        return Outcome(kind, error=AttemptError("stopped", "StopRequested", str(raised)))
    error = describe(raised)
    if isinstance(raised, ValidationError):
        raised = PermanentFailure(error.message)
    return decide_failure(
        raised,
        error,
        policy=retry_policy(job),
        failures_before=job.failures,
        chance=random.random(),  # noqa: S311 - jitter, not a secret
    )


def retry_policy(job: ClaimedJob) -> RetryPolicy:
    """The policy that was fixed when the job was enqueued."""
    options = json.loads(job.options) if job.options else {}
    default = RetryPolicy()
    return RetryPolicy(
        tuple(options.get("retry_delays", default.delays)),
        job.max_attempts - 1,
        options.get("jitter", default.jitter),
    )


def describe(raised: BaseException) -> AttemptError:
    """What is kept of an exception: never its local values, and no more than 16 KiB of its trace."""
    text = "".join(
        traceback.format_exception(type(raised), raised, raised.__traceback__, _TRACEBACK_LIMIT)
    )
    return AttemptError(
        _reason(raised), type(raised).__name__, _message(raised), text[-_TRACEBACK_BYTES:]
    )


def _reason(raised: BaseException) -> str:
    if isinstance(raised, JobSignal):
        return raised.code
    if isinstance(raised, TimeLimitReached | HardLimitReached):
        return "timeout"
    if isinstance(raised, MemoryError):
        return "memory"
    if isinstance(raised, ValidationError):
        return "invalid_payload"
    return "exception"


def _message(raised: BaseException) -> str:
    if isinstance(raised, ValidationError):
        # Its own text repeats the input, which may hold what must not reach logs.
        return "; ".join(
            f"{'.'.join(map(str, found['loc']))}: {found['msg']}"
            for found in raised.errors(include_input=False, include_url=False)
        )
    return str(raised)[:2000] or type(raised).__name__
