"""Between the domain's values and RQ's layout: one place knows both shapes."""

from __future__ import annotations

import json
import math
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from backend.broker.jobs.absent_fields import ABSENT, enqueued_at_in, max_attempts_in, number_in
from backend.broker.jobs.moments import moment
from backend.domain.jobs.attempts.noted_progress import noted_in
from backend.domain.jobs.attempts.outcome import (
    MISREADINGS,
    AttemptError,
    Outcome,
    OutcomeKind,
    damage_of,
)
from backend.domain.jobs.job import ClaimedJob, JobView, NewJob
from backend.domain.jobs.job_state import JobState
from backend.domain.jobs.options.follow_ups import words_to_come
from backend.domain.jobs.options.job_terms import terms_in, terms_of

#: The function path stored in RQ's ``data``. It refuses to run anywhere but in our worker process.
TRAMPOLINE = "workers.runtime.trampoline.run"
#: What follows the payload in it.
CALL_TAIL = "],{}]"
#: Of one of RQ's times: ``2026-11-28T17:00:``.
_TO_THE_MINUTE = 17
_to_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def milliseconds(instant: datetime | None) -> int:
    """Unix milliseconds of an aware instant; 0 for None."""
    return 0 if instant is None else int(instant.timestamp() * 1000)


def sendable(json_text: str) -> str:
    """The same JSON in UTF-8: half a surrogate pair (a stray file name) is written as its escape."""
    if json_text.isascii():
        return json_text
    return json_text.encode("utf-8", "backslashreplace").decode()


def options_text(options: Mapping[str, Any]) -> str:
    """What travels with a job and no step looks at, as JSON."""
    return sendable(_to_json(options)) if options else "{}"


def call_head(job_type: str) -> str:
    """What precedes the payload in RQ's call: function path, instance, first positional argument."""
    return f'["{TRAMPOLINE}",null,["{job_type}",'


def data_of(job_type: str, payload: str) -> str:
    """RQ's call: function path, instance, positional and named arguments, as JSON."""
    return f"{call_head(job_type)}{sendable(payload)}{CALL_TAIL}"


def payload_of(data: bytes | str) -> Any:
    """The payload inside RQ's call, whether RQ compressed it or not."""
    if isinstance(data, bytes) and not data.startswith(b"["):
        data = zlib.decompress(data)
    return json.loads(data)[2][1]


def whole_arguments(job: NewJob) -> list[Any]:
    """One job as the sixteen arguments of the ``restore`` step that say what was asked for."""
    return [
        job.id,
        str(job.queue),
        milliseconds(job.run_at),
        int(job.delay * 1000),
        job.job_type,
        data_of(job.job_type, job.payload),
        options_text(job.options),
        job.max_attempts,
        math.ceil(job.timeout),
        job.result_ttl,
        milliseconds(job.expires_at),
        job.unique_key,
        int(job.unique_window * 1000),
        job.limit_key,
        job.limit,
        words_to_come(job.options),
    ]


def claimed_job(entry: list[Any]) -> ClaimedJob:
    """One entry of what ``claim`` returned. What is damaged in it is told: others are sound."""
    try:
        return ClaimedJob(
            entry[0].decode(),
            entry[1].decode(),
            int(entry[2]),
            int(entry[3]),
            entry[4] == b"1",
            entry[5].decode(),
            entry[6].decode(),
            entry[7] if entry[7].startswith(b"[") else _decompressed(entry[7]),
            entry[8],
            _timeout(entry[9], entry[8]),
            int(entry[10]),
            _wait(entry[1], entry[11]),
        )
    except MISREADINGS as problem:
        return _damaged(entry, damage_of(problem))


def _damaged(entry: list[Any], damage: str) -> ClaimedJob:
    """Whose it is and what it is called; of the rest nothing is read."""
    text = [part.decode(errors="replace") if isinstance(part, bytes) else "" for part in entry]
    return ClaimedJob(
        *(text[0], text[1], int(entry[2]), 0, False, text[5], text[6]),
        *(b"[]", b"{}", float(ABSENT["timeout"]), 1, 0.0, damage),
    )


def _decompressed(data: bytes) -> bytes:
    """RQ compresses the call of a job that it saves; what is neither fails in its attempt."""
    try:
        return zlib.decompress(data)
    except zlib.error:
        return data


def _wait(fence: bytes, ready: bytes) -> float:
    """A fence is the id of an event: it begins with the milliseconds of its moment."""
    if not ready:
        return 0.0
    return max(0.0, int(fence.partition(b"-")[0]) / 1000 - _unix_seconds(ready))


def _unix_seconds(iso: bytes) -> float:
    if iso.endswith(b"Z"):
        return _began(iso[:_TO_THE_MINUTE]) + float(iso[_TO_THE_MINUTE:-1])
    return datetime.fromisoformat(iso.decode()).timestamp()


@lru_cache(maxsize=64)
def _began(minute: bytes) -> float:
    """When a minute began, in UTC: jobs that wait together share theirs, and this is done for each."""
    return datetime.fromisoformat(f"{minute.decode()}00Z").timestamp()


def _timeout(seconds: bytes, options: bytes) -> float:
    """RQ's timeout is whole seconds; an exact one travels with the job's options."""
    if b'"timeout":' in options:
        exact = terms_in(options).timeout
        return float(seconds) if exact is None else exact
    return float(seconds)


def settle_arguments(job: ClaimedJob, outcome: Outcome) -> tuple[str | bytes, ...]:
    """One outcome as the eight arguments of the ``settle`` step."""
    body, entry = outcome_texts(outcome)
    return (
        job.id,
        job.fence,
        kind_word(outcome),
        str(int(outcome.delay * 1000)) if outcome.delay else "0",
        body,
        entry,
        f"{outcome.run_seconds * 1000:.3f}",
        sendable(outcome.log),
    )


def kind_word(outcome: Outcome) -> str:
    """What the steps call the kind of an outcome: poison is counted apart, whoever found it.

    Of one that did not reach its destination it says so, for the breaker.
    """
    kind = outcome.kind
    if (told := outcome.unreached) is not None:
        return f"{kind}!{told.rule}!{int(told.retry_after * 1000)}!{sendable(told.words)}"
    return "poisoned" if kind is OutcomeKind.FAILED and outcome.is_poison else kind


def outcome_texts(outcome: Outcome) -> tuple[str, str | bytes]:
    """The body of the event, and RQ's result entry, of one outcome."""
    if outcome.kind is OutcomeKind.FINISHED:
        result = sendable(outcome.result)
        return result, b64encode(result.encode()) if result else ""
    if outcome.error is None:
        return "", ""
    text = outcome.error.traceback or f"{outcome.error.error}: {outcome.error.message}"
    entry = zlib.compress(text.encode("utf-8", "backslashreplace"))
    return sendable(_to_json(outcome.error.to_dict())), b64encode(entry)


def attempt_error(body: str | bytes) -> AttemptError:
    """The error kept in a job's hash or in an event's body."""
    fields = json.loads(body)
    return AttemptError(
        str(fields.get("reason", "")),
        str(fields.get("error", "")),
        str(fields.get("message", "")),
        str(fields.get("traceback", "")),
    )


def _instant(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _expiry(text: str) -> datetime | None:
    """When a job expires; None for never, and for what a foreign hand wrote that is no number."""
    try:
        return moment(int(text) / 1000)
    except ValueError:
        return None


def result_of(entry: Mapping[bytes, bytes] | None) -> Any:
    """The return value of RQ's newest result entry; None where there is none."""
    value = (entry or {}).get(b"return_value")
    return json.loads(b64decode(value)) if value else None


def result_ttl(fields: Mapping[bytes, bytes]) -> float:
    """Seconds for which a job's result is kept, of its hash."""
    return number_in(fields.get(b"result_ttl"), int(ABSENT["result_ttl"]))


def job_view(
    job_id: str,
    fields: Mapping[bytes, bytes],
    result: Mapping[bytes, bytes] | None = None,
    due: float | None = None,
) -> JobView:
    """A job's hash, its newest result entry and its place in the schedule, as people see them."""
    text = {key.decode(): value.decode() for key, value in fields.items() if key != b"data"}
    error = text.get("error")
    options = json.loads(text.get("options", ABSENT["options"]))
    exact = terms_of(options).timeout
    noted = noted_in(text.get("progress", ""))
    state = JobState(text["status"])
    return JobView(
        id=job_id,
        job_type=text.get("description", ""),
        queue=text.get("origin", ""),
        state=state,
        payload=payload_of(fields[b"data"]),
        attempt=number_in(text.get("attempt")),
        max_attempts=max_attempts_in(text.get("max_attempts")),
        failures=number_in(text.get("failures")),
        result=result_of(result),
        error=attempt_error(error) if error else None,
        created_at=_instant(text.get("created_at", "")),
        enqueued_at=_instant(enqueued_at_in(text) or ""),
        started_at=_instant(text.get("started_at", "")),
        ended_at=_instant(text.get("ended_at", "")),
        run_at=moment(due) if due else None,
        expires_at=_expiry(text.get("expires_at", "")),
        worker=text.get("worker_name", ""),
        progress=noted.progress,
        log=noted.log if state is JobState.STARTED else (),
        cancel_asked="cancel" in text,
        timeout=float(text.get("timeout", ABSENT["timeout"])) if exact is None else exact,
        options=options,
        destination=text.get("destination", ""),
    )


def unpacked(pairs: list[bytes]) -> list[bytes]:
    """The names and values of an event, which travel in one field of the stream entry."""
    return pairs[1].split(b"\x1f") if pairs[:1] == [b"e"] else pairs
