"""Reads the options of `enqueue_job`, or refuses them with an error that names the option."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from backend.domain import bounds
from backend.domain.bounds import Bound
from backend.domain.errors import InvalidOption
from backend.domain.job_type import JobType
from backend.domain.nearest_name import suggestion
from backend.domain.retry_policy import DEFAULT_DELAYS, RetryPolicy
from backend.domain.trace_parent import trace_id_in

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
        "is_confined",
        "callback_url",
        "parent_id",
        "event_id",
        "schedule",
        "environment",
        "queue",
        "version",
    }
)
#: Options that travel with the job as they are.
_CARRIED = (
    "tags",
    "tenant",
    "trace_id",
    "context_id",
    "is_test",
    "is_confined",
    "callback_url",
    "parent_id",
    "event_id",
    "schedule",
    "environment",
)
#: Options the job keeps in fields of their own; carried as well, so that the record can make it again.
_FOR_THE_RECORD = (
    "limit_key",
    "limit",
    "result_ttl",
    "idempotency_key",
    "idempotency_window",
    "timeout",
)
_LONGEST_TEXT = 512
#: What a callback may be sent to, as a pattern.
WEB_ADDRESS = "https?://[!-~]+"


def refuse_unknown(options: Mapping[str, Any]) -> None:
    """Raises `InvalidOption` for a name that is no option, with the nearest one that is."""
    for name in options:
        if name not in OPTIONS:
            raise InvalidOption(
                f"there is no option {name!r}{suggestion(name, OPTIONS)}", field=name
            )


def retry(kind: JobType, options: Mapping[str, Any]) -> RetryPolicy:
    """The job type's retry policy with what this call changes of it; delays are seconds."""
    retries, delays = options.get("max_retries"), options.get("retry_delays")
    if retries is None and delays is None:
        return kind.retry
    most = None if retries is None else bounds.MAX_RETRIES.whole(retries)
    if delays is None:
        most = kind.retry.max_retries if most is None else most
    chosen = kind.retry.delays if delays is None else retry_delays(delays)
    return RetryPolicy(chosen, most, kind.retry.jitter)


def retry_delays(delays: Any) -> tuple[float, ...]:
    """Seconds before each retry; raises `InvalidOption` for what is no short list of them."""
    most = bounds.MOST_RETRY_DELAYS
    if not isinstance(delays, list | tuple) or len(delays) > most:
        raise InvalidOption(
            f"retry_delays must be a list of at most {most} numbers of seconds",
            field="retry_delays",
        )
    return tuple(bounds.RETRY_DELAY.checked(delay) for delay in delays)


def number(options: Mapping[str, Any], bound: Bound, default: float) -> float:
    """A number within its bound; ``default`` when not given."""
    value = options.get(bound.name)
    return default if value is None else bound.checked(value)


def instant(options: Mapping[str, Any], name: str) -> datetime | None:
    """An aware instant; a naive one means UTC."""
    value = options.get(name)
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise InvalidOption(f"{name} must be a datetime, not {type(value).__name__}", field=name)
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def text(name: str, value: Any) -> str:
    """A line of text that can be stored anywhere."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_TEXT or "\n" in value:
        raise InvalidOption(f"{name} must be a line of 1 to {_LONGEST_TEXT} characters", field=name)
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidOption(f"{name} has half of a character (a lone surrogate)", field=name)
    return value


def check_version(kind: JobType, options: Mapping[str, Any]) -> None:
    """Raises `InvalidOption` when another version of the job type is asked for than there is here."""
    asked = options.get("version")
    if asked is not None and bounds.VERSION.whole(asked) != kind.version:
        raise InvalidOption(
            f"job type {kind.name!r} has version {kind.version} here, not {asked}; "
            "leave version out to have the one that is deployed run",
            field="version",
        )


def limit(options: Mapping[str, Any]) -> dict[str, Any]:
    """``limit_key`` and ``limit``: how many jobs with that key may run at once."""
    key, most = options.get("limit_key"), options.get("limit")
    if not key and most is None:
        return {}
    if not key or most is None:
        raise InvalidOption("limit_key and limit belong together", field="limit_key")
    return {"limit_key": text("limit_key", key), "limit": bounds.LIMIT.whole(most)}


def carried(
    kind: JobType, options: Mapping[str, Any], retry: RetryPolicy, timeout: float
) -> dict[str, Any]:
    """What travels with the job; what is the same for most jobs is left out."""
    carried = _labels(options) | _for_the_record(options) if options else {}
    if retry.delays != DEFAULT_DELAYS:
        carried["retry_delays"] = list(retry.delays)
    if retry.jitter != RetryPolicy().jitter:
        carried["jitter"] = retry.jitter
    if timeout != int(timeout):
        carried["timeout"] = timeout
    if kind.version != 1:
        carried["version"] = kind.version
    return carried


def _labels(options: Mapping[str, Any]) -> dict[str, Any]:
    labels = {name: options[name] for name in _CARRIED if options.get(name)}
    for name in labels.keys() - {"tags", "is_test", "is_confined"}:
        labels[name] = text(name, labels[name])
    if "tags" in labels:
        labels["tags"] = _tags(labels["tags"])
    if "callback_url" in labels and not re.fullmatch(WEB_ADDRESS, labels["callback_url"]):
        raise InvalidOption(
            "callback_url must begin with https:// or http://", field="callback_url"
        )
    if "trace_id" in labels:
        labels["trace_id"] = trace_id_in(labels["trace_id"])
    return labels


def _for_the_record(options: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: options[name] for name in _FOR_THE_RECORD if options.get(name) is not None}
    for bound in (bounds.LIMIT, bounds.RESULT_TTL):
        if bound.name in kept:
            kept[bound.name] = bound.whole(kept[bound.name])
    if expires_at := instant(options, "expires_at"):
        kept["expires_at"] = expires_at.isoformat()
    return kept


def _tags(tags: Any) -> list[str]:
    if not isinstance(tags, list | tuple | set | frozenset) or len(tags) > bounds.MOST_TAGS:
        raise InvalidOption(
            f"tags must be a list of at most {bounds.MOST_TAGS} words", field="tags"
        )
    return [text("tags", tag) for tag in tags]
