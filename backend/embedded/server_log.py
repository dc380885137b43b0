"""What a server wrote last, for the error that reports its death."""

from __future__ import annotations

import os
from pathlib import Path

_TAIL_BYTES = 8192


def last_lines(log: Path, *, lines: int = 8) -> str:
    """The last ``lines`` of a log, indented; a sentence when there are none."""
    if not log.exists() or not log.stat().st_size:
        return "  (it wrote nothing)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL_BYTES), os.SEEK_SET)
        text = file.read().decode(errors="replace")
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])
