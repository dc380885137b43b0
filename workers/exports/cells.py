"""Values of a database as text, the same in every format, and harmless in a spreadsheet."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

#: What a spreadsheet reads as the beginning of a formula, full-width forms included.
_RUNS = frozenset("=+-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b")
#: What may stand before it without changing that.
_SKIPPED = " \u00a0\ufeff\u200b\u200e\u200f\u2060'\""


def harmless(text: str) -> str:
    """``text``, with an apostrophe in front when a spreadsheet would run it."""
    if not text:
        return text
    first = text[0]
    if first.isalnum() and first.isascii():
        return text
    rest = text.lstrip(_SKIPPED)
    return f"'{text}" if first in _RUNS or (rest and rest[0] in _RUNS) else text


def _json(value: Any) -> str:
    return json.dumps(value, default=as_text, ensure_ascii=False, separators=(",", ":"))


_TEXTS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _value: "",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: repr,
    str: lambda value: value,
    Decimal: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: lambda value: f"{value.total_seconds():g} s",
    UUID: str,
    bytes: bytes.hex,
    memoryview: lambda value: value.tobytes().hex(),
    dict: _json,
    list: _json,
    tuple: _json,
}


def as_text(value: Any) -> str:
    """A value as one text: ISO 8601 for instants, hexadecimal for bytes, JSON for what is nested."""
    return _TEXTS.get(type(value), str)(value)


_NUMBERS = frozenset({int, float, Decimal})
_JSON_AS_IS = frozenset({type(None), bool, int, str, dict, list})


def csv_cell(value: Any) -> Any:
    """A cell of a CSV file as it is in the database."""
    return value if type(value) is str else as_text(value)


def safe_csv_cell(value: Any) -> Any:
    """A cell of a CSV file that no spreadsheet runs; numbers stay numbers."""
    kind = type(value)
    if kind is str:
        return harmless(value)
    return as_text(value) if kind in _NUMBERS else harmless(as_text(value))


def json_value(value: Any) -> Any:
    """A value of a JSON line; numbers that JSON cannot hold exactly become text or null."""
    kind = type(value)
    if kind in _JSON_AS_IS:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    return as_text(value)
