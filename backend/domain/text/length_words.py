"""Lengths of time in the words of people."""

from __future__ import annotations

_MOST_UNITS = 2
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def in_units(seconds: float) -> str:
    """``120 d``, ``3 h 2 min``, ``12 s``: the two largest units, for the third would tell nothing."""
    parts: list[str] = []
    rest = round(seconds)
    for size, word in _UNITS:
        amount, rest = divmod(rest, size)
        if amount or parts:
            parts.append(f"{amount} {word}" if amount else "")
        if len(parts) == _MOST_UNITS:
            break
    return " ".join(part for part in parts if part) or "0 s"
