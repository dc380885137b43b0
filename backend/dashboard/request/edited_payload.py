"""Payloads that people edit in a form, where parts of them were shown masked."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from backend.domain.errors import InvalidPayload
from backend.domain.jobs.job_type import JobTypeCatalogue
from backend.domain.jobs.payload_text import payload_in
from backend.telemetry.logs.secret_texts import MASK


def edited_payload(text: str, original: Any, destinations: Collection[str] = ()) -> dict[str, Any]:
    """What was typed; what was masked and left so stays what it was. Raises `InvalidPayload`.

    ``destinations`` are fields that say where the others go: who changes one must know what is hidden.
    """
    typed = payload_in(text)
    whole = {name: _restored(value, original.get(name)) for name, value in typed.items()}
    moved = sorted(
        name
        for name in destinations
        if whole.get(name) != original.get(name) and _holds_mask(typed)
    )
    if moved:
        raise InvalidPayload(
            f"{moved[0]} was changed, and what is {MASK} would be sent there: type its values anew, or "
            "leave it out"
        )
    if _holds_mask(whole):
        raise InvalidPayload(
            f"a field still says {MASK} and had no value there to keep; type its value, or leave it out"
        )
    return whole


def destinations_of(catalogue: JobTypeCatalogue, job_type: str) -> Collection[str]:
    """The fields of a type's payload that say where the others go; none of a type that is not known."""
    return catalogue.get(job_type).destination_fields if job_type in catalogue else ()


def _holds_mask(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_mask, value.values()))
    return any(map(_holds_mask, value)) if isinstance(value, list) else bool(value == MASK)


def _restored(edited: Any, original: Any) -> Any:
    if edited == MASK and isinstance(original, str | int | float | dict | list):
        return original
    if isinstance(edited, dict) and isinstance(original, dict):
        return {name: _restored(value, original.get(name)) for name, value in edited.items()}
    if isinstance(edited, list) and isinstance(original, list) and len(edited) == len(original):
        return [_restored(*pair) for pair in zip(edited, original, strict=True)]
    return edited
