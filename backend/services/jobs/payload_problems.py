"""Says what of a payload does not fit its job type, so that it can be put right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from backend.domain.errors import InvalidPayload
from backend.domain.jobs.attempts.outcome import words_of
from backend.domain.jobs.job_type import JobType
from backend.domain.text.checked_words import checked_words
from backend.domain.text.nearest_name import suggestion
from workers.job_types.returned import model_of

_LONGEST_WORDS = 300


def fitted(kind: JobType, model: type[BaseModel], payload: Mapping[str, Any]) -> BaseModel:
    """The payload as its type's model; raises `InvalidPayload` saying what does not fit.

    A validator is the author's own code, and what it is given is anybody's: whatever it raises refuses
    this payload, and is no failure of the program that asks, nor the end of its process.
    """
    try:
        return model_of(model, payload)
    except ValidationError as error:
        raise invalid_payload(kind, error) from error
    except (Exception, SystemExit) as error:
        words = checked_words(f"{type(error).__name__}: {words_of(error)}")[:_LONGEST_WORDS]
        raise InvalidPayload(
            f"the payload of {kind.name!r} cannot be checked, its model raised {words}",
            job_type=kind.name,
        ) from error


def invalid_payload(kind: JobType, error: ValidationError) -> InvalidPayload:
    """Our error for pydantic's: names every field, repeats no value."""
    errors = [
        {
            "field": ".".join(str(part) for part in found["loc"]) or "payload",
            "problem": _problem(kind, found),
        }
        for found in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    text = "; ".join(f"{found['field']}: {found['problem']}" for found in errors)
    return InvalidPayload(
        f"the payload does not fit {kind.name!r}: {text}", errors=errors, job_type=kind.name
    )


def _problem(kind: JobType, found: ErrorDetails) -> str:
    """What pydantic says; of a field that is not there, which ones are."""
    schema = kind.payload_schema
    if found["type"] != "extra_forbidden" or len(found["loc"]) > 1 or schema is None:
        return checked_words(found["msg"])
    names = schema.get("properties", {})
    near = suggestion(str(found["loc"][0]), names)
    return f"there is no such field{near or ', there are ' + ', '.join(names)}"
