"""A job type as a caller knows it who has none of its code: its name, and what goes in and out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, Unpack

from backend.client.client_job import ClientJob, JobAsker
from backend.domain.jobs.options.job_options import JobOptions, PriorityWord

PayloadT_contra = TypeVar("PayloadT_contra", contravariant=True)
ResultT_co = TypeVar("ResultT_co", covariant=True)


class ClientOptions(JobOptions, total=False):
    """What enqueueing over HTTP takes beside the payload."""

    #: That of the job type when it is left out.
    priority: PriorityWord | None


@dataclass(frozen=True, slots=True)
class ClientJobType(Generic[PayloadT_contra, ResultT_co]):
    """Enqueues jobs of one type, by the methods that a declared function has where its code is.

    Payloads are mappings or pydantic models. Raises `TypeError` for what JSON cannot say as it is,
    `ApiProblem` for what the API refuses, such as a payload that does not fit, and `ApiUnreachable`
    when no answer comes.
    """

    name: str
    _post: Callable[[str, Any, str], Any] = field(repr=False, compare=False)
    _asker: JobAsker = field(repr=False, compare=False)
    _decode: Callable[[Any], ResultT_co] = field(repr=False, compare=False)

    def enqueue(
        self, payload: PayloadT_contra, /, **options: Unpack[ClientOptions]
    ) -> ClientJob[ResultT_co]:
        """Enqueues one job; once it returns, the job will not be lost."""
        key, said = _said(options)
        return self._job(self._post("/api/jobs", self._body(payload, said), key).body)

    def enqueue_many(
        self, payloads: Iterable[PayloadT_contra], /, **options: Unpack[ClientOptions]
    ) -> list[ClientJob[ResultT_co]]:
        """Enqueues many with the same options, in one request; jobs in the same order.

        ``idempotency_key`` is that of the request: the same one again enqueues nothing more.
        """
        key, said = _said(options)
        body = {"jobs": [self._body(payload, said) for payload in payloads]}
        if not body["jobs"]:
            return []
        return [self._job(each) for each in self._post("/api/jobs/bulk", body, key).body["jobs"]]

    def _body(self, payload: Any, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "job_type": self.name, "payload": _fields(payload)}

    def _job(self, accepted: Mapping[str, Any]) -> ClientJob[ResultT_co]:
        return ClientJob(accepted["id"], accepted["created"], self._asker, self._decode)


def _said(options: ClientOptions) -> tuple[str, dict[str, Any]]:
    """The key of the request, and the options that say something, as JSON has them."""
    said = {name: value for name, value in options.items() if value is not None}
    key = str(said.pop("idempotency_key", ""))
    sets = {
        name: sorted(value) for name, value in said.items() if isinstance(value, set | frozenset)
    }
    return key, {**said, **sets, **_follow_ups(said)}


def _follow_ups(said: Mapping[str, Any]) -> dict[str, Any]:
    """What follows, where a model is its payload."""
    asked = {word: said[word] for word in ("on_success", "on_failure") if word in said}
    return {
        word: {**one, "payload": _fields(one["payload"])}
        for word, one in asked.items()
        if not isinstance(one, str) and one.get("payload") is not None
    }


def _fields(payload: Any) -> dict[str, Any]:
    """A payload as JSON; of a model what was set, so that workers of an earlier release know the fields."""
    if isinstance(payload, Mapping):
        return dict(payload)
    form = {"mode": "json", "by_alias": True, "round_trip": True}
    # A default that was changed in its place, as by `append`, counts as unset.
    for only_set in (True, False):
        fields: dict[str, Any] = payload.model_dump(**form, exclude_unset=only_set)
        if _read(type(payload), fields) == payload:
            return fields
    raise TypeError(
        f"a {type(payload).__name__} does not come back from JSON as it was, as one with a secret does "
        "not; give a mapping with the values themselves"
    )


def _read(model: Any, fields: dict[str, Any]) -> Any:
    """What a worker makes of it; None where it does not fit. A strict model knows dates in JSON alone."""
    try:
        return model.model_validate(fields)
    except ValueError:
        pass
    try:
        return model.model_validate_json(json.dumps(fields))
    except ValueError:
        return None
