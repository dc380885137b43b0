"""A process of the ``tally`` command that a developer's loop starts, asks to stop, and starts again."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from backend.embedded.launch import follower
from workers.runtime.ending import LONGEST_ENDING_SECONDS
from workers.runtime.own_program import own_program

#: Takes a line of a process, under its name.
Lines = Callable[[str, str], None]
_TICK = 0.05


@dataclass(frozen=True)
class Program:
    """What to start: a command of ``tally``."""

    name: str
    command: tuple[str, ...]
    #: Whether it imports the developer's code, so that it must start again when that changes.
    loads_code: bool = False
    #: What ends it at once when it does not stop in time. Workers give their jobs back by SIGQUIT.
    hurry_by: signal.Signals = signal.SIGKILL


class Run:
    """One run of a program. It ends when the thread that started it does, however that happens."""

    def __init__(
        self,
        program: Program,
        environment: Mapping[str, str],
        on_end: Callable[[Run], None],
        lines: Lines | None = None,
    ) -> None:
        """``on_end`` is told, from another thread, of an end that nobody asked for. No ``lines``: they
        go where ours go."""
        self.program = program
        self._is_asked_to_stop = False
        self._on_end = on_end
        output = None if lines is None else subprocess.PIPE
        self._process = subprocess.Popen(
            [*follower(signal.SIGTERM), *own_program("backend.cli.main", *program.command)],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            # Ctrl-C goes to a whole group, and who started them all ends them in order.
            start_new_session=True,
        )
        threading.Thread(target=self._await_end, daemon=True).start()
        if lines is not None:
            threading.Thread(target=self._pass_on, args=(lines,), daemon=True).start()

    def returncode(self) -> int | None:
        """How it ended; None while it lives."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Asks for an end in order."""
        self._is_asked_to_stop = True
        self._send(signal.SIGTERM)

    def hurry(self) -> None:
        """Asks again, for an end at once."""
        self._send(self.program.hurry_by)

    def kill(self) -> None:
        """Ends it."""
        self._send(signal.SIGKILL)
        self._process.wait()

    def _send(self, number: signal.Signals) -> None:
        # `Popen` sends nothing to a process that it has seen end, so that no other gets it.
        self._process.send_signal(number)

    def _await_end(self) -> None:
        self._process.wait()
        if not self._is_asked_to_stop:
            self._on_end(self)

    def _pass_on(self, lines: Lines) -> None:
        """Until the last process that writes there is gone, which may outlive the one that we know."""
        if self._process.stdout is not None:
            for line in self._process.stdout:
                lines(self.program.name, line.decode(errors="replace").rstrip("\r\n"))


def stop(runs: Sequence[Run], *, grace_seconds: float, is_hurried: Callable[[], bool]) -> None:
    """Ends runs together: in order, then or when somebody hurries at once, at last by killing them."""
    for run in runs:
        run.ask_to_stop()
    if _are_gone(runs, grace_seconds, is_hurried):
        return
    for run in runs:
        run.hurry()
    if not _are_gone(runs, LONGEST_ENDING_SECONDS, lambda: False):
        for run in runs:
            run.kill()


def _are_gone(runs: Sequence[Run], seconds: float, is_hurried: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while any(run.returncode() is None for run in runs):
        if is_hurried() or time.monotonic() > deadline:
            return False
        time.sleep(_TICK)
    return True
