"""Libraries that only some jobs need, and that an extra of the installation brings."""

from __future__ import annotations

import importlib
from typing import Any

from backend.domain.errors import PermanentFailure


def load(module: str, *, extra: str) -> Any:
    """The module; raises `PermanentFailure` with the command that installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise PermanentFailure(
            f"{module.partition('.')[0]} is not installed here; type: pip install 'tally-queue[{extra}]'"
        ) from error
