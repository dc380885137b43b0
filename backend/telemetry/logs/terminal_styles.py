"""Whether colours and bold go to a stream: decided here alone, for logs and commands alike."""

from __future__ import annotations

import os
from typing import TextIO


def takes_styles(stream: TextIO | None) -> bool:
    """On a terminal that knows them, unless NO_COLOR is set (https://no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()
