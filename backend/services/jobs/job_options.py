"""Reads what is said of a job, or refuses it with an error that names the option."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Required, cast

from backend.domain.errors import InvalidOption
from backend.domain.jobs.attempts.retry_policy import DEFAULT_DELAYS, RetryPolicy
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.follow_ups import ON_FAILURE, ON_SUCCESS
from backend.domain.jobs.options.job_options import (
    OPTIONS,
    OWN,
    FollowUpRequest,
    JobOptions,
    Option,
    OwnOptions,
    is_whole,
)
from backend.domain.jobs.options.trace_parent import is_span, span_in, trace_id_in
from backend.domain.jobs.options.unique import NOT_UNIQUE, until_in
from backend.domain.text.nearest_name import suggestion

if TYPE_CHECKING:
    from pydantic import BaseModel

#: What is used up when the job is accepted, or kept in another form.
_NOT_CARRIED = frozenset(
    {
        *("run_at", "delay", "expires_at", "max_retries", "retry_delays", "job_id", "queue"),
        *("version", ON_SUCCESS, ON_FAILURE),
    }
)
_DEFAULT_JITTER = RetryPolicy().jitter


class JobRequest(JobOptions, total=False):
    """One job of `enqueue_many`: type, payload and priority beside the options."""

    job_type: Required[str]
    payload: Mapping[str, Any] | BaseModel | None
    priority: str | None


def checked(options: Mapping[str, Any]) -> JobOptions:
    """What a caller says, in one form: aware instants, lists, no None; raises `InvalidOption`."""
    given = cast("JobOptions", _read(_with_span(options), _CHECKS))
    if ("limit_key" in given) != ("limit" in given):
        raise InvalidOption("limit_key and limit belong together", field="limit_key")
    if "run_at" in given and "delay" in given:
        raise InvalidOption("give run_at or delay, not both", field="delay")
    return given


def _with_span(said: Mapping[str, Any]) -> Mapping[str, Any]:
    """With both, where a whole traceparent is given as either: its trace, and the span that asked.

    One whose numbers the standard calls invalid is left out, and with it what vendors added.
    """
    span, trace = said.get("traceparent"), said.get("trace_id")
    if span is None and isinstance(trace, str) and span_in(trace):
        span = trace
    if not isinstance(span, str) or not is_span(span):
        return said
    found = span_in(span)
    if not found:
        return {n: v for n, v in said.items() if n not in {"traceparent", "tracestate"}}
    return {**said, "traceparent": found, "trace_id": trace or trace_id_in(found)}


def checked_own(own: OwnOptions) -> OwnOptions:
    """The same for what only we say."""
    return cast("OwnOptions", _read(own, _OWN_CHECKS))


def retry(kind: JobType, given: JobOptions) -> RetryPolicy:
    """The job type's retry policy with what this call changes of it; delays are seconds."""
    most, delays = given.get("max_retries"), given.get("retry_delays")
    if most is None and delays is None:
        return kind.retry
    chosen = kind.retry.delays if delays is None else tuple(delays)
    return RetryPolicy(chosen, most, kind.retry.jitter)


def check_version(kind: JobType, given: JobOptions) -> None:
    """Raises `InvalidOption` when another version of the job type is asked for than there is here."""
    asked = given.get("version")
    if asked is not None and asked != kind.version:
        raise InvalidOption(
            f"job type {kind.name!r} has version {kind.version} here, not {asked}; "
            "leave version out to have the one that is deployed run",
            field="version",
        )


def carried(
    kind: JobType, given: JobOptions, own: OwnOptions, retry: RetryPolicy, timeout: float
) -> dict[str, Any]:
    """What travels with the job; what is the same for most jobs is left out."""
    carried: dict[str, Any] = {}
    if given:
        carried = {name: value for name, value in given.items() if name not in _NOT_CARRIED}
    if own:
        carried |= own
    if expires_at := given.get("expires_at"):
        carried["expires_at"] = expires_at.isoformat()
    if retry.delays != DEFAULT_DELAYS:
        carried["retry_delays"] = list(retry.delays)
    if retry.jitter != _DEFAULT_JITTER:
        carried["jitter"] = retry.jitter
    if timeout != int(timeout):
        carried["timeout"] = timeout
    if kind.version != 1:
        carried["version"] = kind.version
    return carried


def _read(options: Mapping[str, Any], checks: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Each value as its option's check returns it: None says nothing, and is left out."""
    given = {}
    for name, value in options.items():
        check = checks.get(name)
        if check is None:
            raise InvalidOption(
                f"there is no option {name!r}{suggestion(name, checks)}", field=name
            )
        read = None if value is None else check(value)
        if read is not None:
            given[name] = read
    return given


def _instant(option: Option, value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise _refusal(option, f"a datetime, not {type(value).__name__}")
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _flag(option: Option, value: Any) -> bool | None:
    if not isinstance(value, bool):
        raise _refusal(option, f"true or false, not {type(value).__name__}")
    return value or None


def _text(option: Option, fits: Callable[[str], Any], longest: int, value: Any) -> str | None:
    if value == "":
        return None
    if not isinstance(value, str) or len(value) > longest or not fits(value):
        raise _refusal(option, option.text.words if option.text else option.words)
    if not is_whole(value):
        raise InvalidOption(
            f"{option.name} has half of a character (a lone surrogate)", field=option.name
        )
    return value


def _texts(option: Option, one: Callable[[Any], str | None], value: Any) -> list[str] | None:
    if not isinstance(value, list | tuple | set | frozenset) or len(value) > (option.most or 0):
        raise _refusal(option, f"a list of at most {option.most} words")
    read = [one(each) for each in value]
    if None in read:
        raise _refusal(option, f"words, each {option.text.words if option.text else ''}")
    return cast("list[str]", read) or None


def _numbers(option: Option, one: Callable[[Any], float], value: Any) -> list[float]:
    if not isinstance(value, list | tuple) or len(value) > (option.most or 0):
        raise _refusal(option, f"a list of at most {option.most} numbers of seconds")
    return [one(each) for each in value]


def _trace_id(one: Callable[[Any], str | None], value: Any) -> str | None:
    text = one(value)
    return (trace_id_in(text) or None) if text else None


def _job_or_name(option: Option, text: Callable[[Any], Any], value: Any) -> Any:
    """A job type's name, or a job of it with a payload; one without is the name."""
    if isinstance(value, str):
        return text(value)
    if not isinstance(value, Mapping):
        raise _refusal(option, option.words)
    if unknown := value.keys() - FollowUpRequest.__annotations__:
        raise _refusal(option, f"{option.words}, without {min(map(str, unknown))!r}")
    job_type, payload = value.get("job_type"), value.get("payload")
    name = text(job_type)
    if name is None:
        raise _refusal(option, f"{option.words}, and it names no job_type")
    if payload is None:
        return name
    return {"job_type": name, "payload": payload}


def _until(option: Option, text: Callable[[Any], Any], value: Any) -> str | None:
    if isinstance(value, str) and value in {"", NOT_UNIQUE}:
        return value or None
    if not isinstance(value, str | int | float):
        raise _refusal(option, option.words)
    return until_in(value) if isinstance(value, int | float) else until_in(text(value))


def _as_it_is(value: Any) -> Any:
    return None if value == "" else value


def _refusal(option: Option, words: str) -> InvalidOption:
    return InvalidOption(f"{option.name} must be {words}", field=option.name)


def _check_of(option: Option) -> Callable[[Any], Any]:
    if option.bound is not None:
        number = option.bound.checked
        return number if option.most is None else partial(_numbers, option, number)
    if option.text is not None:
        fits = re.compile(option.text.pattern).fullmatch
        text = partial(_text, option, fits, option.text.longest)
        if option.job is not None:
            return partial(_job_or_name, option, text)
        return text if option.most is None else partial(_texts, option, text)
    return partial(_instant if option.kind is datetime else _flag, option)


_CHECKS = {name: _check_of(option) for name, option in OPTIONS.items()}
_CHECKS["unique"] = partial(_until, OPTIONS["unique"], _CHECKS["unique"])
_CHECKS["trace_id"] = partial(_trace_id, _CHECKS["trace_id"])
# Which queues there are, `chosen_queue` knows.
_CHECKS["queue"] = _as_it_is
_OWN_CHECKS = {name: _check_of(option) for name, option in OWN.items()}
# From the record, where a step wrote it.
_OWN_CHECKS["follows"] = _as_it_is
