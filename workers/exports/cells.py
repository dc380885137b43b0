"""Values of a database as text, the same in every format, and harmless in a spreadsheet."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from workers.sources.json_text import JsonText

#: What a spreadsheet reads as the beginning of a formula, full-width forms included.
_RUNS = frozenset("=+-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b")
#: What may stand before it without changing that.
_SKIPPED = " \u00a0\ufeff\u200b\u200e\u200f\u2060'\""
_NUMBERS = frozenset({int, float, Decimal})
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def harmless(text: str) -> str:
    """``text``, with an apostrophe in front when a spreadsheet would run it."""
    if not text:
        return text
    first = text[0]
    if first.isalnum() and first.isascii():
        return text
    rest = text.lstrip(_SKIPPED)
    return f"'{text}" if first in _RUNS or (rest and rest[0] in _RUNS) else text


def as_text(value: Any) -> str:
    """A value as one text: ISO 8601 for times, hexadecimal for bytes, JSON for what is nested."""
    return _TEXTS.get(type(value), str)(value)


def json_text(value: Any) -> str:
    """A value as JSON: a number where JSON has it exactly, else the text of `as_text`."""
    return _JSON.get(type(value), _other_json)(value)


def csv_cell(value: Any) -> str:
    """A cell of a CSV file as it is in the database."""
    return value if type(value) is str else as_text(value)


def safe_csv_cell(value: Any) -> str:
    """A cell of a CSV file that no spreadsheet runs; numbers stay numbers."""
    kind = type(value)
    if kind is str:
        return harmless(value)
    text = as_text(value)
    return text if kind in _NUMBERS or _is_json_number(value) else harmless(text)


def _is_json_number(value: Any) -> bool:
    return type(value) is JsonText and value[:1] == "-"


def _float(value: float) -> str:
    """Postgres' words for what is no number; Python's would be other words than those of numeric."""
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _decimal(value: Decimal) -> str:
    """All digits, and no exponent, as Postgres writes them."""
    return format(value, "f") if value.is_finite() else str(value)


def _interval(value: timedelta) -> str:
    """ISO 8601, exactly, as Postgres writes it: P11DT13H46M41S, and PT-1S with each part's sign."""
    sign, length = ("-", -value) if value < timedelta() else ("", value)
    hours, left = divmod(length.seconds, 3600)
    minutes, whole = divmod(left, 60)
    seconds = f"{whole}.{length.microseconds:06d}".rstrip("0").rstrip(".")
    clock = "".join(
        f"{sign}{amount}{unit}"
        for amount, unit in ((hours, "H"), (minutes, "M"), (seconds, "S"))
        if str(amount) != "0"
    )
    days = f"{sign}{length.days}D" if length.days else ""
    return f"P{days}T{clock}" if clock else f"P{days or 'T0S'}"


def _list(value: Any) -> str:
    return f"[{','.join(map(json_text, value))}]"


def _mapping(value: dict[Any, Any]) -> str:
    return (
        f"{{{','.join(f'{_quoted(str(key))}:{json_text(item)}' for key, item in value.items())}}}"
    )


def _other_json(value: Any) -> str:
    return _quoted(as_text(value))


_TEXTS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _value: "",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _float,
    str: lambda value: value,
    Decimal: _decimal,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _interval,
    UUID: str,
    bytes: bytes.hex,
    memoryview: lambda value: value.tobytes().hex(),
    dict: _mapping,
    list: _list,
    tuple: _list,
}
_JSON: dict[type, Callable[[Any], str]] = {
    type(None): lambda _value: "null",
    bool: lambda value: "true" if value else "false",
    int: str,
    float: lambda value: repr(value) if math.isfinite(value) else f'"{_float(value)}"',
    str: _quoted,
    JsonText: JsonText.on_one_line,
    dict: _mapping,
    list: _list,
    tuple: _list,
}
