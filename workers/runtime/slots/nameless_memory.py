"""Memory that processes of one family share: a file without a name, gone with the last of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def nameless_memory(purpose: str) -> int:
    """The descriptor of a new one, empty; ``purpose`` shows in lists of open files."""
    if sys.platform == "linux":
        return os.memfd_create(f"tally-{purpose}")
    return _deleted_file(purpose)


def _deleted_file(purpose: str) -> int:
    import tempfile

    descriptor, path = tempfile.mkstemp(prefix=f"tally-{purpose}-")
    Path(path).unlink()
    return descriptor
