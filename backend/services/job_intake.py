"""Checks what a caller asks for and makes it a job. Pure but for ids and the clock, which come in."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from backend.domain.errors import InvalidOption, InvalidPayload, PayloadTooLarge
from backend.domain.job import NewJob
from backend.domain.job_id import checked
from backend.domain.job_type import JobType, JobTypeCatalogue
from backend.domain.nearest_name import suggestion
from backend.domain.queue_name import Priority, QueueName
from backend.domain.retry_policy import DEFAULT_DELAYS, RetryPolicy

_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode

#: What `enqueue_job` takes beside job type, payload and priority.
OPTIONS = frozenset(
    {
        "run_at",
        "delay",
        "max_retries",
        "retry_delays",
        "timeout",
        "tags",
        "tenant",
        "trace_id",
        "context_id",
        "idempotency_key",
        "idempotency_window",
        "expires_at",
        "limit_key",
        "limit",
        "result_ttl",
        "job_id",
        "is_test",
        "callback_url",
        "parent_id",
        "event_id",
        "schedule",
        "environment",
    }
)
#: Options that travel with the job as they are.
_CARRIED = (
    "tags",
    "tenant",
    "trace_id",
    "context_id",
    "is_test",
    "callback_url",
    "parent_id",
    "event_id",
    "schedule",
    "environment",
)
_LONGEST_TEXT = 512
_MOST_TAGS = 32
_DAY = 86_400.0
#: Further ahead is a mistake in the units more often than a plan.
_FURTHEST = 100 * 366 * _DAY


class IntakeRules(NamedTuple):
    """The deployment's rules for new jobs. Durations are seconds."""

    max_payload_bytes: int = 256 * 1024
    result_ttl: int = 3600
    idempotency_window: float = _DAY


class JobIntake:
    """Turns requests into `NewJob`s, or refuses them with an error that names the thing."""

    def __init__(
        self,
        catalogue: JobTypeCatalogue,
        rules: IntakeRules,
        *,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self.catalogue = catalogue
        self._rules = rules
        self._new_id = new_id
        self._now = now

    def check_request(self, request: Mapping[str, Any]) -> NewJob:
        """One request as a mapping with ``job_type``, ``payload``, ``priority`` and options."""
        rest = dict(request)
        if "job_type" not in rest:
            raise InvalidOption("each request needs a job_type", field="job_type")
        job_type, payload = rest.pop("job_type"), rest.pop("payload", None)
        return self.check(job_type, payload or {}, rest.pop("priority", None), rest)

    def check(
        self,
        job_type: str,
        payload: Mapping[str, Any],
        priority: str | None,
        options: Mapping[str, Any],
    ) -> NewJob:
        """The job that is asked for; raises `InvalidRequest` naming what is wrong with it."""
        kind = self.catalogue.get(job_type)
        text = self._payload(kind, payload)
        if not options:
            return self._plain(kind, text, priority)
        _refuse_unknown(options)
        return self._with_options(kind, text, priority, options)

    def _payload(self, kind: JobType, payload: Mapping[str, Any]) -> str:
        if not isinstance(payload, Mapping):
            raise InvalidPayload(f"the payload of {kind.name!r} must be an object", field="payload")
        try:
            if kind.payload is not None:
                kind.payload.model_validate(payload)
            text = _to_json(payload)
        except ValidationError as error:
            raise invalid_payload(kind, error) from error
        except (TypeError, ValueError) as error:
            raise InvalidPayload(f"the payload of {kind.name!r} is not JSON: {error}") from error
        if len(text.encode()) > self._rules.max_payload_bytes:
            raise PayloadTooLarge(
                f"the payload has {len(text.encode())} bytes, {self._rules.max_payload_bytes} are "
                "allowed; put the data in a file or table and send its name",
                limit=self._rules.max_payload_bytes,
            )
        return text

    def _plain(self, kind: JobType, text: str, priority: str | None) -> NewJob:
        return NewJob(
            id=self._new_id(),
            job_type=kind.name,
            queue=_queue(kind, priority),
            payload=text,
            options=_carried(kind, {}, kind.retry, kind.timeout),
            max_attempts=kind.retry.max_attempts,
            timeout=kind.timeout,
            result_ttl=self._result_ttl(kind),
        )

    def _with_options(
        self, kind: JobType, text: str, priority: str | None, options: Mapping[str, Any]
    ) -> NewJob:
        retry = _retry(kind, options)
        timeout = _seconds(options, "timeout", kind.timeout, least=0.001)
        run_at, delay = self._time(options)
        key = options.get("idempotency_key") or ""
        return NewJob(
            id=checked(options["job_id"]) if options.get("job_id") else self._new_id(),
            job_type=kind.name,
            queue=_queue(kind, priority),
            payload=text,
            options=_carried(kind, options, retry, timeout),
            max_attempts=retry.max_attempts,
            timeout=timeout,
            result_ttl=int(_seconds(options, "result_ttl", self._result_ttl(kind))),
            run_at=run_at,
            delay=delay,
            expires_at=_instant(options, "expires_at"),
            unique_key=_text("idempotency_key", key) if key else "",
            unique_window=_seconds(
                options, "idempotency_window", self._rules.idempotency_window, least=0.001
            ),
            **_limit(options),
        )

    def _result_ttl(self, kind: JobType) -> int:
        return self._rules.result_ttl if kind.result_ttl is None else kind.result_ttl

    def _time(self, options: Mapping[str, Any]) -> tuple[datetime | None, float]:
        run_at, delay = _instant(options, "run_at"), _seconds(options, "delay", 0.0)
        if run_at is not None and options.get("delay") is not None:
            raise InvalidOption("give run_at or delay, not both", field="delay")
        ahead = (run_at - self._now()).total_seconds() if run_at else delay
        if ahead > _FURTHEST:
            raise InvalidOption("that is more than a hundred years ahead", field="run_at")
        return run_at, delay


def invalid_payload(kind: JobType, error: ValidationError) -> InvalidPayload:
    """Our error for pydantic's: names every field, repeats no value."""
    errors = [
        {
            "field": ".".join(str(part) for part in found["loc"]) or "payload",
            "problem": found["msg"],
        }
        for found in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    text = "; ".join(f"{found['field']}: {found['problem']}" for found in errors)
    return InvalidPayload(
        f"the payload does not fit {kind.name!r}: {text}", errors=errors, job_type=kind.name
    )


def _refuse_unknown(options: Mapping[str, Any]) -> None:
    for name in options:
        if name not in OPTIONS:
            raise InvalidOption(
                f"there is no option {name!r}{suggestion(name, OPTIONS)}", field=name
            )


def _queue(kind: JobType, priority: str | None) -> QueueName:
    return QueueName(Priority.parse(priority) if priority else kind.priority, kind.lane)


def _retry(kind: JobType, options: Mapping[str, Any]) -> RetryPolicy:
    retries, delays = options.get("max_retries"), options.get("retry_delays")
    if retries is None and delays is None:
        return kind.retry
    if retries is not None and (not isinstance(retries, int) or isinstance(retries, bool)):
        raise InvalidOption("max_retries must be a whole number", field="max_retries")
    try:
        chosen = kind.retry.delays if delays is None else tuple(float(delay) for delay in delays)
    except (TypeError, ValueError):
        raise InvalidOption("retry_delays must be seconds", field="retry_delays") from None
    most = retries if retries is not None else (kind.retry.max_retries if delays is None else None)
    return RetryPolicy(chosen, most, kind.retry.jitter)


def _seconds(options: Mapping[str, Any], name: str, default: float, *, least: float = 0.0) -> float:
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidOption(f"{name} must be a number of seconds", field=name)
    if value < least:
        raise InvalidOption(f"{name} must be at least {least:g} seconds", field=name)
    return float(value)


def _instant(options: Mapping[str, Any], name: str) -> datetime | None:
    """An aware instant; a naive one means UTC."""
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidOption(f"{name} must be a datetime, not {type(value).__name__}", field=name)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT or "\n" in value:
        raise InvalidOption(f"{name} must be a line of 1 to {_LONGEST_TEXT} characters", field=name)
    return value


def _limit(options: Mapping[str, Any]) -> dict[str, Any]:
    key, most = options.get("limit_key"), options.get("limit")
    if not key and most is None:
        return {}
    if not key or most is None:
        raise InvalidOption("limit_key and limit belong together", field="limit_key")
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise InvalidOption("limit must be a whole number from 1", field="limit")
    return {"limit_key": _text("limit_key", key), "limit": most}


def _carried(
    kind: JobType, options: Mapping[str, Any], retry: RetryPolicy, timeout: float
) -> dict[str, Any]:
    """What travels with the job; what is the same for most jobs is left out."""
    carried = {name: options[name] for name in _CARRIED if options.get(name)}
    if "tags" in carried:
        carried["tags"] = _tags(carried["tags"])
    for name in carried.keys() - {"tags", "is_test"}:
        carried[name] = _text(name, carried[name])
    if retry.delays != DEFAULT_DELAYS:
        carried["retry_delays"] = list(retry.delays)
    if retry.jitter != RetryPolicy().jitter:
        carried["jitter"] = retry.jitter
    if timeout != int(timeout):
        carried["timeout"] = timeout
    if kind.version != 1:
        carried["version"] = kind.version
    return carried


def _tags(tags: Any) -> list[str]:
    if isinstance(tags, str) or len(tags) > _MOST_TAGS:
        raise InvalidOption(f"tags must be a list of at most {_MOST_TAGS} words", field="tags")
    return [_text("tags", tag) for tag in tags]
