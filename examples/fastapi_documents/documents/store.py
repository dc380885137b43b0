"""The documents, as files that the API writes and workers read."""

from __future__ import annotations

import os
from pathlib import Path


def keep(name: str, content: bytes) -> None:
    """Keeps a document; one of the same name is replaced as a whole."""
    place = _place(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".{place.name}.{os.urandom(4).hex()}")
    new.write_bytes(content)
    new.replace(place)


def read(name: str) -> str | None:
    """The text of a document; None when there is none of this name."""
    place = _place(name)
    return place.read_text(encoding="utf-8", errors="replace") if place.is_file() else None


def _place(name: str) -> Path:
    base = os.environ.get("DOCUMENTS_FOLDER") or Path(__file__).parents[1] / "var"
    return Path(base, f"{name}.txt")
