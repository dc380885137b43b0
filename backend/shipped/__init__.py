"""Files that come with Tally: beside the packages in a checkout, inside this one where it was installed."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_CHECKOUT = _HERE.parents[1]


def shipped(name: str | Path) -> Path:
    """Where a file or folder of this release is, such as ``migrations``."""
    inside = _HERE / name
    return inside if inside.exists() else _CHECKOUT / name
