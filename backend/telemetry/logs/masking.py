"""Payloads and results as people may see them, without their secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from backend.domain.errors import Unavailable
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.options.follow_ups import FOLLOW, WORDS, options_text
from backend.telemetry.logs.redaction import is_secret_name
from backend.telemetry.logs.secret_texts import MASK

_SHORTEST = 4


def without_secrets(catalogue: JobTypeCatalogue, job_type: str, value: Any) -> Any:
    """``value`` with the fields masked that its job type calls secret, however deep they are.

    Of a type that nobody knows any more nobody can say which these are: then every field with a secret's
    name is masked. While those who may know cannot be asked, every field is.
    """
    try:
        kind = catalogue.look_up(job_type)
    except Unavailable:
        return _masked(value, lambda _name: True)
    if kind is None:
        return _masked(value, is_secret_name)
    return _masked(value, kind.secret_fields.__contains__) if kind.secret_fields else value


def options_without_secrets(
    catalogue: JobTypeCatalogue, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Options of a job, as they were said or as it carries them: what follows it has payloads, too."""
    masked = dict(options)
    for word in WORDS:
        if isinstance(said := options.get(word), Mapping) and said.get("payload"):
            shown = without_secrets(catalogue, str(said.get("job_type")), said["payload"])
            masked[word] = {**said, "payload": shown}
    if isinstance(plans := options.get(FOLLOW), Mapping):
        masked[FOLLOW] = {word: _plan_without(catalogue, plan) for word, plan in plans.items()}
    return masked


def _plan_without(catalogue: JobTypeCatalogue, plan: Mapping[str, Any]) -> Mapping[str, Any]:
    if "payload" not in plan:
        return plan
    shown = without_secrets(catalogue, plan["job_type"], json.loads(plan["payload"]))
    return {**plan, "payload": options_text(shown)}


def secret_values(secret_fields: Collection[str], payload: Any) -> set[str]:
    """The texts and numbers under the fields that a job type calls secret, as they may show in an error.

    What is shorter than four characters hides nothing when it is hidden, and much else.
    """
    return {text for text in _texts_under(secret_fields, payload, False) if len(text) >= _SHORTEST}


def _texts_under(secret_fields: Collection[str], value: Any, is_secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts_under(secret_fields, inner, is_secret or name in secret_fields)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_under(secret_fields, inner, is_secret)
    elif is_secret and isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)


def _masked(value: Any, is_secret: Callable[[str], bool]) -> Any:
    if isinstance(value, Mapping):
        return {
            name: MASK if is_secret(name) and inner else _masked(inner, is_secret)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_masked(inner, is_secret) for inner in value]
    return value
