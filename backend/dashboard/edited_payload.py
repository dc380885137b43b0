"""Payloads that people edit in a form, where parts of them were shown masked."""

from __future__ import annotations

from typing import Any

from backend.domain.errors import InvalidPayload
from backend.domain.payload_text import payload_in
from backend.telemetry.redaction import MASK


def edited_payload(text: str, original: Any) -> dict[str, Any]:
    """What was typed; what was masked and left so stays what it was. Raises `InvalidPayload`."""
    whole = {name: _restored(value, original.get(name)) for name, value in payload_in(text).items()}
    if _holds_mask(whole):
        raise InvalidPayload(
            f"a field still says {MASK} and had no value there to keep; type its value, or leave it out"
        )
    return whole


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
