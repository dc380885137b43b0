"""Has the jobs of dead worker processes given back by a program of its own, one at a time.

Whoever speaks to Redis holds much more memory than a supervisor that does not, all the time.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Sequence

from backend.telemetry.logs.logger import Logger
from workers.runtime.supervision.rescue_spec import Burial

log = Logger("tally.supervisor")

Start = Callable[[Sequence[Burial], bool], "subprocess.Popen[bytes]"]

#: How the program ends that was asked to before all was done.
NOT_DONE = 75
#: Seconds until the next one, after one that could not do it.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
#: Seconds that a supervisor which ends waits for one: service managers do not wait long for it.
_LAST_SECONDS = 5.0


class Rescues:
    """Remembers the dead until a program has ended that says it is done with them."""

    def __init__(self, start: Start) -> None:
        """``start`` starts it for some; whether for the last time."""
        self._start = start
        self._waiting: list[Burial] = []
        self._under_way: list[Burial] = []
        self._program: subprocess.Popen[bytes] | None = None
        self._begin_at = self._pause = 0.0

    @property
    def program(self) -> int | None:
        """The process id of the program under way."""
        return self._program.pid if self._program is not None else None

    def add(self, burial: Burial) -> None:
        """One more."""
        self._waiting.append(burial)

    def step(self, now: float) -> None:
        """Looks at the program under way, and starts one if somebody waits. Never blocks."""
        if self._program is not None:
            returncode = self._program.poll()
            if returncode is None:
                return
            self._note_end(returncode, now)
        if self._waiting and now >= self._begin_at:
            self._try(now)

    def _try(self, now: float) -> None:
        try:
            self._begin(is_last=False)
        except OSError as error:
            self._put_off(now)
            log.error("worker.not_rescued", workers=len(self._waiting), error=str(error))  # noqa: TRY400 - no trace of ours

    def _begin(self, *, is_last: bool) -> subprocess.Popen[bytes]:
        program = self._program = self._start(self._waiting, is_last)
        self._under_way, self._waiting = self._waiting, []
        return program

    def _note_end(self, returncode: int, now: float) -> None:
        self._program = None
        if returncode == 0:
            self._pause = 0.0
        else:
            # All of them again: what was given back is not found any more.
            self._waiting = [*self._under_way, *self._waiting]
            self._put_off(now)
            # One that `finish` ended before it could hear it has done nothing wrong.
            if returncode not in {NOT_DONE, -signal.SIGTERM}:
                log.error("worker.not_rescued", workers=len(self._waiting), returncode=returncode)
        self._under_way = []

    def _put_off(self, now: float) -> None:
        self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
        self._begin_at = now + self._pause

    def finish(self, now: float) -> None:
        """Ends with the supervisor: what cannot be given back now is when its leases end."""
        if self._program is not None:
            self._program.terminate()
            self._wait_for(self._program, now)
        if self._waiting:
            self._try_once_more(now)

    def _try_once_more(self, now: float) -> None:
        try:
            program = self._begin(is_last=True)
        except OSError as error:
            log.error("worker.not_rescued", workers=len(self._waiting), error=str(error))  # noqa: TRY400 - no trace of ours
        else:
            self._wait_for(program, now)

    def _wait_for(self, program: subprocess.Popen[bytes], now: float) -> None:
        try:
            program.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
        self._note_end(program.wait(), now)

    def not_done(self) -> list[str]:
        """That jobs of the dead cannot be given back; empty while they are."""
        return ["jobs of dead worker processes are not given back yet"] if self._pause else []
