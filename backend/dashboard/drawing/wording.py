"""Numbers and times in the words of people."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from backend.domain.text.length_words import in_units

_MOST_SHOWN = 64 * 1024
#: What rounds to a unit is said in it; numbers are said in full up to here.
_NEARLY, _SHORTENED = 0.9995, 1e4
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def count(number: float | None) -> str:
    """``1 234 567`` with thin spaces; a dash for what is not known."""
    return "–" if number is None else f"{number:,.0f}".replace(",", "\u202f")


def short(number: float | None) -> str:
    """``1.2k``, for where there is little room."""
    if number is None:
        return "–"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= (_SHORTENED if letter == "k" else size * _NEARLY):
            return f"{_three(number / size)}{letter}"
    return count(number)


def _three(number: float) -> str:
    """Three digits that count, and all of a number that has more before its point."""
    return count(number) if abs(number) >= 1000 * _NEARLY else f"{number:.3g}"


def duration(seconds: float | None) -> str:
    """``850 ms``, ``12.3 s``, ``4 min 5 s``, ``3 h 2 min``."""
    if seconds is None:
        return "–"
    if seconds < 0.9995:  # noqa: PLR2004 - what rounds to a second is one
        return f"{seconds * 1000:.3g} ms" if seconds >= 0.00005 else "0 ms"  # noqa: PLR2004
    if seconds < 59.95:  # noqa: PLR2004 - likewise a minute
        return f"{seconds:.3g} s"
    return in_units(seconds)


def decade(seconds: float) -> str:
    """A power of ten, as an axis names it: ``10 ms``, ``1 s``, ``100 s``, ``10⁵ s``."""
    if seconds < 0.9:  # noqa: PLR2004 - a tenth or less
        return f"{seconds * 1000:.4g} ms"
    if seconds > 9e4:  # noqa: PLR2004 - written out it would not fit beside the chart of a phone
        return f"10{str(round(math.log10(seconds))).translate(_RAISED)} s"
    return f"{seconds:,.0f} s"


def size(octets: float) -> str:
    """``12 kB``."""
    for word in ("B", "kB", "MB", "GB"):
        if octets < 1000 * _NEARLY or word == "GB":
            return f"{_three(octets)} {word}"
        octets /= 1000
    raise AssertionError


def clock(at: datetime | None) -> str:
    """``2026-01-27 08:30:05``, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if at else "–"


def share(part: float, whole: float) -> str:
    """``3.4 %``; a dash when there is no whole."""
    return f"{100 * part / whole:.3g} %" if whole else "–"


def whole_json(value: Any) -> str:
    """JSON that people can read and edit."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def as_json(value: Any) -> str:
    """The same, cut where a page would become too large."""
    text = whole_json(value)
    if len(text) <= _MOST_SHOWN:
        return text
    return f"{text[:_MOST_SHOWN]}\n… {len(text) - _MOST_SHOWN} more characters"


def plural(number: float, one: str, many: str = "") -> str:
    """``1 job``, ``2 jobs``."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"
