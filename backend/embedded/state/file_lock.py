"""A lock on a file that lives exactly as long as a process that was given it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.embedded.deadline import wait_until
from backend.embedded.errors import EmbeddedServerError
from backend.locks.file_lock import is_locked, try_lock


class FileLock:
    """Says whether somebody lives here: the kernel frees it when its last holder is gone.

    A server inherits the open file, and so do its children.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_held(self) -> bool:
        """Whether any process holds the lock now."""
        return is_locked(self.path)

    def try_hold(self) -> int | None:
        """Take the lock until the returned descriptor is closed; None when another holds it."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        if try_lock(descriptor):
            return descriptor
        os.close(descriptor)
        return None

    @contextmanager
    def held(self, *, wait_seconds: float) -> Iterator[int]:
        """Hold the lock for a block and hand out its descriptor; heirs of it hold on."""
        descriptor: int | None = None

        def taken() -> bool:
            nonlocal descriptor
            descriptor = self.try_hold()
            return descriptor is not None

        if not wait_until(taken, seconds=wait_seconds) or descriptor is None:
            raise EmbeddedServerError(
                f"{self.path} is still held by another process after {wait_seconds:g} s; "
                f"see who it is with: fuser -v '{self.path}'"
            )
        try:
            yield descriptor
        finally:
            os.close(descriptor)
