"""Values as people read them; files for programs keep them as they are."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from workers.exports.cells import as_text
from workers.reports.definition import CellFormat

_NOTHING = "\u2013"
_KILO = 1000.0
_UNITS = ("B", "kB", "MB", "GB", "TB")


def shown(value: Any, kind: CellFormat = "auto") -> str:
    """A value as text, in the way that a column asks for."""
    if value is None:
        return _NOTHING
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or kind == "text" or not isinstance(value, int | float | Decimal):
        return as_text(value)
    return _number(value, kind)


def is_number(value: Any) -> bool:
    """Whether a value belongs at the right edge of its column."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _instant(value: datetime) -> str:
    utc = value.astimezone(UTC) if value.tzinfo else value
    return f"{utc:%Y-%m-%d %H:%M:%S}" + (" UTC" if value.tzinfo else "")


def _number(value: float | Decimal, kind: CellFormat) -> str:
    if not math.isfinite(value):
        return str(value)
    if kind == "percent":
        return f"{float(value) * 100:.1f} %"
    if kind == "milliseconds":
        return _milliseconds(float(value))
    if kind == "bytes":
        return _bytes(float(value))
    if kind == "integer" or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}"


def _milliseconds(value: float) -> str:
    if value < _KILO:
        return f"{value:,.1f} ms"
    seconds = value / _KILO
    return f"{seconds:,.1f} s" if seconds < 120 else f"{seconds / 60:,.1f} min"  # noqa: PLR2004


def _bytes(value: float) -> str:
    for unit in _UNITS[:-1]:
        if abs(value) < _KILO:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= _KILO
    return f"{value:,.1f} {_UNITS[-1]}"
