"""Programs that run until somebody asks them to stop, and start again when the code they loaded changes.

Started again as processes, for no module can be taken out of one that runs. Code that cannot be imported is
told, once, and what runs goes on with what it loaded.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

from backend.development.code_check import trouble_with_code
from backend.development.one_log import OneLog
from backend.development.program import Lines, Program, Run, stop
from workers.runtime import stop_signals

#: How long what runs may take to end, for new code and for good; then its jobs are given back, uncharged.
_RELOAD_GRACE_SECONDS, _END_GRACE_SECONDS = 2.0, 10.0


class DevLoop:
    """Runs programs. All that happens comes by one queue to the thread that runs it, the main one."""

    def __init__(
        self,
        programs: Sequence[Program],
        environment: Callable[[], Mapping[str, str]],
        log: OneLog,
        *,
        lines: Lines | None = None,
    ) -> None:
        """``environment`` is asked at each start what programs find set beside what is set here."""
        self._programs = programs
        self._environment = environment
        self._log = log
        self._lines = lines
        self._runs: dict[Program, Run] = {}
        self._events: SimpleQueue[Callable[[], bool]] = SimpleQueue()
        self._times_asked = 0
        self._changed: list[Path] = []
        #: Whether changes are told; without, code that does not start is the end.
        self.is_watching = False

    def obey_signals(self) -> None:
        """The first of them stops all in order, the second at once."""
        asking = [*stop_signals.ASKING]
        if signal.getsignal(stop_signals.HANG_UP) is not signal.SIG_IGN:
            asking.append(stop_signals.HANG_UP)
        for number in asking:
            stop_signals.handle(number, self._ask)

    def code_changed(self, files: list[Path]) -> None:
        """Tells that files changed, from whichever thread. What changes during a reload is one more."""
        self._changed.extend(files)
        self._events.put(self._reload)

    def changes_are_not_seen(self, why: str) -> None:
        """Tells that nothing is watched any more, from whichever thread."""
        self._events.put(lambda: self._go_blind(why))

    def run(self) -> int:
        """Starts all, and returns the exit status when all are gone."""
        try:
            self._start_all()
            while True:
                # An event says whether that was the end.
                if self._events.get()():
                    break
        finally:
            # Those that work on jobs go first: the others write down what became of these.
            self._stop(self._loading(), _END_GRACE_SECONDS)
            self._stop(self._programs, _END_GRACE_SECONDS)
        return 0 if self._times_asked else 1

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._times_asked += 1
        if self._times_asked == 1:
            # A handler may not touch locks; this queue has none.
            self._events.put(self._say_goodbye)

    def _say_goodbye(self) -> bool:
        self._log.say("stopping … (once more: at once)")
        return True

    def _loading(self) -> list[Program]:
        return [program for program in self._programs if program.loads_code]

    def _start_all(self) -> None:
        trouble = self._trouble()
        if self._times_asked:
            return
        if trouble and self.is_watching:
            self._log.complain(f"{trouble}\nit starts when a file changes")
        elif trouble:
            self._log.complain(trouble)
            self._events.put(lambda: True)
            return
        self._start(program for program in self._programs if not (trouble and program.loads_code))

    def _trouble(self) -> str:
        return trouble_with_code(self._environment(), is_over=lambda: self._times_asked > 0)

    def _start(self, programs: Iterable[Program]) -> None:
        environment = self._environment()
        for program in programs:
            self._runs[program] = Run(program, environment, self._ended, self._lines)

    def _ended(self, run: Run) -> None:
        self._events.put(lambda: self._bury(run))

    def _bury(self, run: Run) -> bool:
        if self._runs.get(run.program) is not run:
            return False
        del self._runs[run.program]
        waits = run.program.loads_code and self.is_watching
        then = "it starts again when a file changes" if waits else "so everything stops"
        self._log.complain(f"the {run.program.name} ended with status {run.returncode()}; {then}")
        return not waits

    def _go_blind(self, why: str) -> bool:
        self.is_watching = False
        waits = [program for program in self._loading() if program not in self._runs]
        then = (
            "so nothing would start it again" if waits else "what runs goes on with what it loaded"
        )
        self._log.complain(f"changes are not seen any more: {why}\n{then}")
        return bool(waits)

    def _reload(self) -> bool:
        files = []
        while self._changed:
            files.append(self._changed.pop())
        if not files:
            return False
        self._log.say(f"{_named(files)} changed")
        trouble = self._trouble()
        if self._times_asked:
            return False
        if trouble:
            running = [program for program in self._runs if program.loads_code]
            goes_on = "the old code goes on" if running else "it starts when a file changes"
            self._log.complain(f"{trouble}\n{goes_on}")
            return False
        self._stop(self._loading(), _RELOAD_GRACE_SECONDS)
        if not self._times_asked:
            self._start(self._loading())
        return False

    def _stop(self, programs: Sequence[Program], grace_seconds: float) -> None:
        runs = [self._runs.pop(program) for program in programs if program in self._runs]
        stop(runs, grace_seconds=grace_seconds, is_hurried=lambda: self._times_asked > 1)


def _named(files: Sequence[Path]) -> str:
    first = files[0].name
    return first if len(files) == 1 else f"{first} and {len(files) - 1} more"
