"""Time that goes by while a test runs, where what it asks about goes by a clock that nobody can stop."""

from __future__ import annotations

import time


class Meanwhile:
    """Since it was made: so much longer may that clock have let things happen."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long that is, more each time."""
        return time.monotonic() - self._began
