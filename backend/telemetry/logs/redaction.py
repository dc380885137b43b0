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
#: So much more is searched where the beginning is cut off, for a credential that is cut with it.
_LEAD = 1024
#: How deep details are looked into; what is deeper is masked as the text that it makes.
_DEPTH = 4
#: What hides nothing.
_PLAIN = (int, float, type(None))
#: Of structlog and `logging`; what is made of the first is masked by `redact_tracebacks`.
_NOT_SHOWN = frozenset({"exc_info", "_record", "_from_structlog"})
_TRACEBACKS = ("exception", "stack")


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """A structlog processor that masks what must not be written, also within mappings and lists."""
    for name, value in event.items():
        if is_secret_name(name):
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = masked_text(value)
        elif not isinstance(value, _PLAIN) and name not in _NOT_SHOWN:
            event[name] = _redacted(value, _DEPTH)
    return event


def redact_tracebacks(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A structlog processor for behind the one that makes the text of an exception."""
    for name in _TRACEBACKS:
        if isinstance(text := event.get(name), str):
            event[name] = masked_end(text)
    return event


def _redacted(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, _PLAIN):
        return value
    if depth and isinstance(value, Mapping):
        return {name: _under(name, inner, depth - 1) for name, inner in value.items()}
    if depth and isinstance(value, list | tuple):
        inside = _pair(value, depth) or [_redacted(inner, depth - 1) for inner in value]
        return inside if isinstance(value, list) else tuple(inside)
    # Exceptions, bytes, objects: a line shows what they say of themselves.
    masked = masked_text(shown := repr(value))
    return value if masked == shown else masked


def _pair(value: list[Any] | tuple[Any, ...], depth: int) -> list[Any] | None:
    """Of a header that is written as its name and its value."""
    if len(value) != 2 or not isinstance(value[0], str | bytes):  # noqa: PLR2004 - a pair has two
        return None
    return [value[0], _under(value[0], value[1], depth - 1)] if _is_secret(value[0]) else None


def _under(name: Any, value: Any, depth: int) -> Any:
    is_hidden = value is not None and not isinstance(value, bool) and _is_secret(name)
    return MASK if is_hidden else _redacted(value, depth)


def _is_secret(name: Any) -> bool:
    if isinstance(name, bytes):
        name = name.decode("latin-1")
    return isinstance(name, str) and is_secret_name(name)


def is_secret_name(name: str) -> bool:
    """Whether a field of this name is likely to hold a secret."""
    return _SECRET_NAME.search(name) is not None


def shown(value: Any) -> str:
    """A detail that `redact` left, as text: objects may say another thing there than in their repr."""
    return str(value) if isinstance(value, (str, *_PLAIN)) else masked_text(str(value))


def masked_text(text: str) -> str:
    """``text`` without credentials, and cut at 16 KiB."""
    masked = without_credentials(text[:_LONGEST])
    if len(text) > _LONGEST:
        masked = without_credential_at_the_end(masked)
    return masked if max(len(text), len(masked)) <= _LONGEST else masked[:_LONGEST] + "…"


def masked_end(text: str) -> str:
    """``text`` without credentials; of one above 16 KiB the end, where a traceback says what was."""
    if len(text) <= _LONGEST:
        return masked_text(text)
    masked = without_credentials(text[-_LONGEST - _LEAD :])[-_LONGEST:]
    # What it begins with may be the rest of a credential.
    return "…" + masked[masked.find("\n" if "\n" in masked else " ") :]


def without_addresses(text: str) -> str:
    """``text`` without credentials and without where servers stand: for answers that are open to all."""
    return _ADDRESS.sub(MASK, masked_text(text))


def without_values(text: str, values: Iterable[str], *, end: bool = False) -> str:
    """``text`` without credentials, and without these values, the longest first; ``end``: that of it."""
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, MASK)
    return masked_end(text) if end else masked_text(text)
