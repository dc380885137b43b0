"""The payload of an event, checked and made text where it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.domain.errors import InvalidPayload
from backend.domain.text.strict_json import NotJson, json_encoder

_to_json = json_encoder("payload", ensure_ascii=True)


def event_payload_text(name: str, payload: Mapping[str, Any]) -> str:
    """It as JSON; raises `InvalidPayload`, which names the event and the place."""
    try:
        return _to_json(payload)
    except NotJson as error:
        raise InvalidPayload(f"the payload of event {name!r} is not JSON: {error}") from error
