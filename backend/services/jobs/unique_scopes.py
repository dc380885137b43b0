"""What a call and its job type say of what is unique, and the key that follows from a payload."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.job_options import JobOptions
from backend.domain.jobs.options.unique import (
    NOT_UNIQUE,
    OnConflict,
    Unique,
    UniqueScope,
    unique_key,
)
from backend.services.jobs.follow_up_plans import SaidOfJob
from backend.services.jobs.payload_problems import fitted
from backend.services.jobs.shares.filled_in import filled_in

_REST = ("unique_by", "on_conflict", "max_wait_seconds")


def unique_of(kind: JobType, given: JobOptions) -> Unique | None:
    """What holds for one call: what it says comes before what its job type says. Raises `InvalidOption`."""
    said, declared = given.get("unique"), kind.unique
    if said == NOT_UNIQUE:
        return None
    if said is None and declared is None:
        if alone := next((name for name in _REST if name in given), None):
            raise InvalidOption(f"{alone} goes with unique", field=alone)
        return None
    by = given.get("unique_by")
    unique = declared if said is None else _said(given, declared)
    if unique is not None and by is not None:
        unique = replace(unique, by=tuple(by))
    if said is None and unique is not None:
        unique = _changed(unique, given)
    if unique is not None and unique.on_conflict == OnConflict.DEBOUNCE and "run_at" in given:
        raise InvalidOption("a debounce takes a delay, not run_at", field="run_at")
    return unique


def _said(given: JobOptions, declared: Unique | None) -> Unique:
    """A call that says ``unique`` says all of it but what makes jobs the same."""
    conflict = given.get("on_conflict") or OnConflict.KEEP.value
    delay = given.get("delay") if conflict == OnConflict.DEBOUNCE else None
    by = declared.by if declared else ()
    return Unique(given.get("unique") or "", by, conflict, delay, given.get("max_wait_seconds"))


def _changed(declared: Unique, given: JobOptions) -> Unique:
    conflict = given.get("on_conflict") or declared.on_conflict
    if conflict != OnConflict.DEBOUNCE:
        return replace(
            declared,
            on_conflict=conflict,
            delay=None,
            max_wait_seconds=given.get("max_wait_seconds"),
        )
    delay = given.get("delay") or declared.delay
    max_wait_seconds = given.get("max_wait_seconds") or declared.max_wait_seconds
    return replace(declared, on_conflict=conflict, delay=delay, max_wait_seconds=max_wait_seconds)


def scope_of(kind: JobType, said: SaidOfJob, text: str) -> tuple[UniqueScope | None, float]:
    """What a job with this payload (JSON) carries of it, and by how many seconds a debounce puts it off.

    Raises `InvalidOption`.
    """
    given = said.given
    unique = unique_of(kind, given)
    # What follows a job is told which one: it is like no other.
    if unique is None or said.row:
        return None, 0.0
    key = unique_key(
        kind.name,
        given.get("tenant") or "",
        is_test=bool(given.get("is_test")),
        # What may do less would else give its payload to what may do more, or keep it out.
        is_confined=bool(said.own.get("is_confined")),
        same=_same(unique, kind, json.loads(text)),
    )
    is_debounce = unique.on_conflict == OnConflict.DEBOUNCE
    longest = unique.longest_wait_seconds if is_debounce else 0.0
    return UniqueScope(key, str(unique.until), unique.on_conflict, longest), unique.delay or 0.0


def _same(unique: Unique, kind: JobType, payload: dict[str, Any]) -> dict[str, Any]:
    if callable(unique.by):
        return {"by": _told(unique.by, kind, payload)}
    if not unique.fields:
        return {"payload": payload}
    missing = [name for name in unique.fields if name not in payload]
    # What a caller leaves out and the payload's model has a default for is the same as the default.
    payload = filled_in(kind, payload) if missing else payload
    for name in missing:
        if name not in payload:
            raise InvalidOption(
                f"jobs of {kind.name!r} are the same by their field {name!r}, which this payload has "
                "not; give it, or say unique_by",
                field="unique_by",
            )
    return {"fields": {name: payload[name] for name in unique.fields}}


def _told(by: Any, kind: JobType, payload: dict[str, Any]) -> Any:
    given = payload if kind.payload is None else fitted(kind, kind.payload, payload)
    try:
        value = by(given)
    except InvalidOption:
        raise
    except (Exception, SystemExit) as error:
        raise InvalidOption(
            f"what makes jobs of {kind.name!r} the same could not be told: {error!r}",
            field="unique",
        ) from error
    if value is None:
        raise InvalidOption(
            f"what makes jobs of {kind.name!r} the same is None for this payload; "
            "say unique='none' for a job that is like no other",
            field="unique",
        )
    return value
