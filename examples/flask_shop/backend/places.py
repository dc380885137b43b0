"""Where the shop keeps its files."""

from __future__ import annotations

import os
from pathlib import Path


def folder(*names: str) -> Path:
    """A folder of the shop: below ``SHOP_FOLDER``, or ``var`` in this project."""
    base = os.environ.get("SHOP_FOLDER") or Path(__file__).parents[1] / "var"
    found = Path(base, *names)
    found.mkdir(parents=True, exist_ok=True)
    return found
