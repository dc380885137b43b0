"""Takes secrets out of log lines: by the name of a field, and by what a text looks like."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from backend.telemetry.logs.secret_texts import (
    MASK,
    without_credential_at_the_end,
    without_credentials,
)

_SECRET_NAME = re.compile(
    r"passw|passphrase|pwd|secret|token|authorization|cookie|api[_-]?key|access[_-]?key|signature|private",
    re.IGNORECASE,
)
#: Where a server stands, as redis-py and libpq write it: ``db:6379``, ``at "db" (10.0.0.5), port 5432``.
_ADDRESS = re.compile(
    r'(?:at|on socket) "[^"]*"(?: \([^)]*\))?(?:, port \d+)?'
    r"|\[[0-9a-fA-F:.]+\](?::\d+)?|\b(?=[\d.-]{0,253}[A-Za-z])[\w.-]{1,253}:\d{2,5}\b"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{2,5})?\b"
    r"|(?<=\s)/[\w./-]+\.(?:sock|s\.PGSQL\.\d+)"
)
_LONGEST = 16 * 1024


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor that masks what must not be written."""
    for name, value in event.items():
        if is_secret_name(name):
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = masked_text(value)
    return event


def is_secret_name(name: str) -> bool:
    """Whether a field of this name is likely to hold a secret."""
    return _SECRET_NAME.search(name) is not None


def masked_text(text: str) -> str:
    """``text`` without credentials, and cut at 16 KiB."""
    masked = without_credentials(text[:_LONGEST])
    if len(text) > _LONGEST:
        masked = without_credential_at_the_end(masked)
    return masked if max(len(text), len(masked)) <= _LONGEST else masked[:_LONGEST] + "…"


def without_addresses(text: str) -> str:
    """``text`` without credentials and without where servers stand: for answers that are open to all."""
    return _ADDRESS.sub(MASK, masked_text(text))


def without_values(text: str, values: Iterable[str]) -> str:
    """``text`` without credentials, and without these values, the longest first."""
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK)
    return masked_text(text)
