"""Payloads as people write them."""

from __future__ import annotations

import json
from typing import Any

from backend.domain.errors import InvalidPayload

_EXAMPLE = '{"name": "Ada"}'


def payload_in(text: str) -> dict[str, Any]:
    """The payload in JSON text; raises `InvalidPayload`."""
    try:
        payload = json.loads(text)
    except ValueError as error:
        raise InvalidPayload(
            f"the payload is not JSON ({error}): write an object, as {_EXAMPLE}"
        ) from error
    if not isinstance(payload, dict):
        raise InvalidPayload(f"the payload must be a JSON object, as {{}} or {_EXAMPLE}")
    return payload
