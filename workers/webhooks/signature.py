"""Signs webhooks as Standard Webhooks says, so that any receiver can check them with a library."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable

_PREFIX = "whsec_"


def sign(webhook_id: str, timestamp: int, body: bytes, secrets: Iterable[str]) -> str:
    """The ``webhook-signature`` header: one ``v1,…`` for each secret, separated by blanks."""
    signed = b".".join((webhook_id.encode(), str(timestamp).encode(), body))
    return " ".join(f"v1,{_digest(secret, signed)}" for secret in secrets)


def _digest(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
