"""One at a time runs on a state directory: two would take each other's servers and addresses away."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from backend.domain.errors import TallyError
from backend.embedded.state.file_lock import FileLock


class StateInUse(TallyError):
    """A `tally dev` or a quickstart runs on this state directory already."""

    code = "state_in_use"


class SoleUse:
    """Of a state directory; the kernel ends it with the process, however that ends."""

    def __init__(self, state: Path) -> None:
        self.file = state / "in-use"
        self._lock = FileLock(self.file)
        self._descriptor: int | None = None

    def refuse_second(self) -> None:
        """Raises `StateInUse` where another process has it; leaves nothing behind."""
        if self._lock.is_held():
            raise self._in_use()

    def begin(self) -> None:
        """Raises `StateInUse` where another process has it. The directory is there."""
        self._descriptor = self._lock.try_hold()
        if self._descriptor is None:
            raise self._in_use()
        os.truncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def end(self) -> None:
        """Others may begin."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _in_use(self) -> StateInUse:
        holder = ""
        with suppress(OSError):
            holder = self.file.read_text(encoding="utf-8").strip()
        return StateInUse(
            f"process {holder or 'another'} runs on {self.file.parent} already: use what it started,"
            " stop it, or start beside it what has a folder and a port of its own, as in:"
            " tally dev --state-dir .tally-2 --port 8001"
        )
